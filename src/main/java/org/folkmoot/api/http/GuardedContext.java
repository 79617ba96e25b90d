package org.folkmoot.api.http;

import io.helidon.common.buffers.BufferData;
import io.helidon.common.buffers.DataReader;
import io.helidon.common.buffers.DataWriter;
import io.helidon.common.socket.HelidonSocket;
import io.helidon.common.socket.PeerInfo;
import io.helidon.webserver.ConnectionContext;
import io.helidon.webserver.ListenerContext;
import io.helidon.webserver.ProxyProtocolData;
import io.helidon.webserver.Router;
import java.util.Optional;
import java.util.concurrent.ExecutorService;

/**
 * Helidon's view of a connection, with reads and writes that pass by its {@link ClientConnection}.
 */
final class GuardedContext implements ConnectionContext {
  private final ConnectionContext context;
  private final DataReader reader;
  private final DataWriter writer;

  GuardedContext(ConnectionContext context, ClientConnection client) {
    this.context = context;
    reader = DataReader.create(client::next);
    writer = new GuardedWriter(context.dataWriter(), client);
  }

  @Override
  public DataReader dataReader() {
    return reader;
  }

  @Override
  public DataWriter dataWriter() {
    return writer;
  }

  @Override
  public ListenerContext listenerContext() {
    return context.listenerContext();
  }

  @Override
  public ExecutorService executor() {
    return context.executor();
  }

  @Override
  public Router router() {
    return context.router();
  }

  @Override
  public Optional<ProxyProtocolData> proxyProtocolData() {
    return context.proxyProtocolData();
  }

  @Override
  public HelidonSocket serverSocket() {
    return context.serverSocket();
  }

  @Override
  public PeerInfo remotePeer() {
    return context.remotePeer();
  }

  @Override
  public PeerInfo localPeer() {
    return context.localPeer();
  }

  @Override
  public boolean isSecure() {
    return context.isSecure();
  }

  @Override
  public String socketId() {
    return context.socketId();
  }

  @Override
  public String childSocketId() {
    return context.childSocketId();
  }

  private record GuardedWriter(DataWriter writer, ClientConnection client) implements DataWriter {
    @Override
    public void write(BufferData... buffers) {
      client.writing(() -> writer.write(buffers));
    }

    @Override
    public void write(BufferData buffer) {
      client.writing(() -> writer.write(buffer));
    }

    @Override
    public void writeNow(BufferData... buffers) {
      client.writing(() -> writer.writeNow(buffers));
    }

    @Override
    public void writeNow(BufferData buffer) {
      client.writing(() -> writer.writeNow(buffer));
    }
  }
}
