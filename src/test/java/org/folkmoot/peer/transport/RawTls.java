package org.folkmoot.peer.transport;

import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.KeyManager;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLServerSocket;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManager;
import org.folkmoot.peer.transport.OtherCertificates.Credentials;
import org.jspecify.annotations.Nullable;

/** TLS in the hands of somebody who does not follow our rules. */
final class RawTls {
  private static final int PATIENCE_MILLIS =
      (int) TimeUnit.SECONDS.toMillis(Recorder.PATIENCE_SECONDS);

  private RawTls() {}

  /** A socket that is connected and has not begun its handshake. */
  static Socket tcp(String from, int port) throws IOException {
    Socket socket =
        new Socket(InetAddress.getLoopbackAddress(), port, InetAddress.ofLiteral(from), 0);
    socket.setSoTimeout(PATIENCE_MILLIS);
    return socket;
  }

  /**
   * A client whose handshake is done as far as it can tell.
   *
   * @param credentials null for none
   */
  static SSLSocket client(
      int port, @Nullable Credentials credentials, String version, String... protocols)
      throws IOException {
    return over(tcp("127.0.0.1", port), credentials, version, protocols);
  }

  /** The same over a connection that is there. */
  static SSLSocket over(
      Socket tcp, @Nullable Credentials credentials, String version, String... protocols)
      throws IOException {
    SSLSocket socket =
        (SSLSocket)
            context(credentials)
                .getSocketFactory()
                .createSocket(tcp, "127.0.0.1", tcp.getPort(), true);
    socket.setEnabledProtocols(new String[] {version});
    SSLParameters parameters = socket.getSSLParameters();
    parameters.setApplicationProtocols(protocols);
    socket.setSSLParameters(parameters);
    socket.startHandshake();
    return socket;
  }

  /** A server on a free port of loopback. */
  static SSLServerSocket server(Credentials credentials) throws IOException {
    SSLServerSocket server =
        (SSLServerSocket)
            context(credentials)
                .getServerSocketFactory()
                .createServerSocket(0, 1, InetAddress.getLoopbackAddress());
    SSLParameters parameters = server.getSSLParameters();
    parameters.setApplicationProtocols(new String[] {TlsContexts.PROTOCOL});
    server.setSSLParameters(parameters);
    return server;
  }

  /** Whether the other side hangs up, decently or not, rather than being silent for long. */
  static boolean isHungUp(Socket socket) throws IOException {
    try {
      socket.getInputStream().transferTo(OutputStream.nullOutputStream());
      return true;
    } catch (SocketTimeoutException silent) {
      return false;
    } catch (IOException reset) {
      return true;
    }
  }

  private static SSLContext context(@Nullable Credentials credentials) {
    try {
      KeyManager[] keys = new KeyManager[0];
      if (credentials != null) {
        KeyStore store = KeyStore.getInstance("PKCS12");
        store.load(null, null);
        store.setKeyEntry(
            "key", credentials.key(), new char[0], new Certificate[] {credentials.certificate()});
        KeyManagerFactory factory = KeyManagerFactory.getInstance("SunX509");
        factory.init(store, new char[0]);
        keys = factory.getKeyManagers();
      }
      SSLContext context = SSLContext.getInstance("TLS");
      context.init(keys, new TrustManager[] {new PeerTrust(null)}, null);
      return context;
    } catch (GeneralSecurityException | IOException e) {
      throw new IllegalStateException(e);
    }
  }
}
