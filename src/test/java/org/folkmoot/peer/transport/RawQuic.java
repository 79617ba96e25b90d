package org.folkmoot.peer.transport;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.security.GeneralSecurityException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.random.RandomGenerator;
import javax.crypto.Cipher;
import javax.crypto.KDF;
import javax.crypto.SecretKey;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.HKDFParameterSpec;
import javax.crypto.spec.SecretKeySpec;
import org.folkmoot.peer.PeerTransport;
import org.folkmoot.peer.SeededRandom;
import org.folkmoot.wire.PeerAddress;
import org.folkmoot.wire.PeerAddress.Scheme;

/**
 * The first packets of QUIC (RFC 9000, 17.2; RFC 9001, 5) in the hands of somebody who does not
 * follow the rules: as many beginnings of connections as he likes from one socket, with what ids
 * and tokens he likes. What he says in them is what a peer says, so that it costs what it may.
 */
final class RawQuic implements AutoCloseable {
  /** What a datagram with an Initial packet has at least (RFC 9000, 14.1). */
  static final int DATAGRAM = 1200;

  private static final byte[] SALT =
      HexFormat.of().parseHex("38762cf7f55934b34d179ae6a4c80cadccbb7f0a");
  private static final int TAG = 16;
  private static final int SAMPLE = 16;
  private static final int FIRST_LONG = 0xc0;
  private static final int RETRY = 0xf0;
  private static final int FORM = 0xf0;
  private static final int SECOND_MILLIS = 1000;

  /** Packets that a server sends to strangers. */
  enum Kind {
    INITIAL,
    RETRY,
    VERSIONS,
    OTHER
  }

  /** What a peer's first packet says, and the id that it gives itself in it. */
  record Hello(byte[] frames, byte[] sourceId) {}

  /** What a server answers who wants an address proved. */
  record Retry(byte[] id, byte[] token) {}

  private final DatagramSocket socket;
  private final Hello hello;

  /**
   * One socket.
   *
   * @param from an address of loopback
   */
  RawQuic(String from, int port, Hello hello) throws IOException {
    this.hello = hello;
    socket = new DatagramSocket(new InetSocketAddress(from, 0));
    socket.connect(InetAddress.getLoopbackAddress(), port);
    socket.setSoTimeout(SECOND_MILLIS);
  }

  /** Has a peer dial a socket that listens and says nothing, and reads what it says. */
  static Hello ofPeer(long seed) throws IOException {
    try (DatagramSocket mute = new DatagramSocket(0, InetAddress.getLoopbackAddress());
        PeerTransport peer =
            QuicTransport.dialling(
                SeededRandom.identity(seed), TransportLimits.DEFAULT, new SeededRandom(seed))) {
      peer.dial(
          new PeerAddress(Scheme.QUIC, "127.0.0.1", mute.getLocalPort()),
          SeededRandom.identity(seed + 1).peerId(),
          new Recorder());
      mute.setSoTimeout(Recorder.PATIENCE_SECONDS * SECOND_MILLIS);
      DatagramPacket packet = new DatagramPacket(new byte[2 * DATAGRAM], 2 * DATAGRAM);
      mute.receive(packet);
      return open(Arrays.copyOf(packet.getData(), packet.getLength()));
    }
  }

  private static Hello open(byte[] packet) {
    ByteBuffer in = ByteBuffer.wrap(packet, 5, packet.length - 5);
    byte[] destination = bytes(in, in.get());
    byte[] source = bytes(in, in.get());
    byte[] _ = bytes(in, (int) number(in));
    int rest = (int) number(in);
    int numberAt = in.position();
    Keys keys = Keys.of(destination);
    byte[] mask = keys.mask(packet, numberAt + 4);
    packet[0] ^= (byte) (mask[0] & 0x0f);
    int numberBytes = 1 + (packet[0] & 3);
    for (int i = 0; i < numberBytes; i++) {
      packet[numberAt + i] ^= mask[1 + i];
    }
    int at = numberAt + numberBytes;
    if (packet[at - 1] != 0) {
      throw new IllegalStateException("a first packet has number 0");
    }
    byte[] head = Arrays.copyOf(packet, at);
    byte[] sealed = Arrays.copyOfRange(packet, at, numberAt + rest);
    return new Hello(keys.apply(Cipher.DECRYPT_MODE, head, sealed), source);
  }

  /** The beginning of a connection, as long as it must be. */
  byte[] initial(byte[] destination, byte[] token) {
    byte[] source = hello.sourceId();
    int overhead = 1 + 4 + 1 + destination.length + 1 + source.length + 2 + token.length + 2 + 1;
    byte[] frames = new byte[Math.max(DATAGRAM - overhead - TAG, hello.frames().length)];
    System.arraycopy(hello.frames(), 0, frames, 0, Math.min(frames.length, hello.frames().length));
    return initial(destination, token, frames);
  }

  private byte[] initial(byte[] destination, byte[] token, byte[] frames) {
    byte[] source = hello.sourceId();
    ByteBuffer head = ByteBuffer.allocate(DATAGRAM);
    head.put((byte) FIRST_LONG).putInt(1);
    head.put((byte) destination.length).put(destination).put((byte) source.length).put(source);
    head.putShort((short) (0x4000 | token.length)).put(token);
    head.putShort((short) (0x4000 | (1 + frames.length + TAG)));
    int numberAt = head.position();
    head.put((byte) 0);
    byte[] plain = Arrays.copyOf(head.array(), head.position());
    Keys keys = Keys.of(destination);
    byte[] sealed = keys.apply(Cipher.ENCRYPT_MODE, plain, frames);
    byte[] packet = Arrays.copyOf(plain, plain.length + sealed.length);
    System.arraycopy(sealed, 0, packet, plain.length, sealed.length);
    byte[] mask = keys.mask(packet, numberAt + 4);
    packet[0] ^= (byte) (mask[0] & 0x0f);
    packet[numberAt] ^= mask[1];
    return packet;
  }

  static byte[] newId(RandomGenerator random) {
    byte[] id = new byte[PortSharing.ID_BYTES];
    random.nextBytes(id);
    return id;
  }

  void send(byte[] datagram) throws IOException {
    socket.send(new DatagramPacket(datagram, datagram.length));
  }

  /**
   * The next datagram that comes. Waits a second at a time: while this process is stopped, and the
   * server with it, time passes, too.
   */
  byte[] receive() throws IOException {
    for (int second = 1; second < Recorder.PATIENCE_SECONDS; second++) {
      try {
        return receiveNow();
      } catch (SocketTimeoutException notYet) {
        assertThat(socket.isClosed()).isFalse();
      }
    }
    return receiveNow();
  }

  /** The same, within a second. */
  Optional<byte[]> receiveSoon() throws IOException {
    try {
      return Optional.of(receiveNow());
    } catch (SocketTimeoutException lost) {
      return Optional.empty();
    }
  }

  private byte[] receiveNow() throws IOException {
    DatagramPacket packet = new DatagramPacket(new byte[2 * DATAGRAM], 2 * DATAGRAM);
    socket.receive(packet);
    return Arrays.copyOf(packet.getData(), packet.getLength());
  }

  /** The datagrams that have come. */
  List<byte[]> pending() throws IOException {
    List<byte[]> all = new ArrayList<>();
    socket.setSoTimeout(1);
    try {
      while (true) {
        all.add(receiveNow());
      }
    } catch (SocketTimeoutException noMore) {
      socket.setSoTimeout(SECOND_MILLIS);
      return all;
    }
  }

  /** What a datagram begins with. */
  static Kind kind(byte[] packet) {
    if (ByteBuffer.wrap(packet).getInt(1) == 0) {
      return Kind.VERSIONS;
    }
    return switch (packet[0] & FORM) {
      case FIRST_LONG -> Kind.INITIAL;
      case RETRY -> Kind.RETRY;
      default -> Kind.OTHER;
    };
  }

  /** What a packet says that wants an address proved; empty if it is another. */
  static Optional<Retry> retry(byte[] packet) {
    if (kind(packet) != Kind.RETRY) {
      return Optional.empty();
    }
    ByteBuffer in = ByteBuffer.wrap(packet, 5, packet.length - 5);
    byte[] _ = bytes(in, in.get());
    byte[] id = bytes(in, in.get());
    return Optional.of(new Retry(id, bytes(in, in.remaining() - TAG)));
  }

  private static byte[] bytes(ByteBuffer in, int length) {
    byte[] bytes = new byte[length];
    in.get(bytes);
    return bytes;
  }

  /** RFC 9000, 16. */
  private static long number(ByteBuffer in) {
    int first = in.get() & 0xff;
    long value = first & 0x3f;
    for (int more = (1 << (first >> 6)) - 1; more > 0; more--) {
      value = value << 8 | (in.get() & 0xff);
    }
    return value;
  }

  @Override
  public void close() {
    socket.close();
  }

  /** What protects a client's Initial packets from nobody but chance (RFC 9001, 5.2). */
  private record Keys(SecretKey key, byte[] iv, SecretKey head) {
    static Keys of(byte[] destination) {
      try {
        KDF kdf = KDF.getInstance("HKDF-SHA256");
        SecretKey first =
            kdf.deriveKey(
                "PRK",
                HKDFParameterSpec.ofExtract().addIKM(destination).addSalt(SALT).extractOnly());
        SecretKey client = expand(kdf, first, "client in", 32, "PRK");
        return new Keys(
            expand(kdf, client, "quic key", 16, "AES"),
            expand(kdf, client, "quic iv", 12, "IV").getEncoded(),
            expand(kdf, client, "quic hp", 16, "AES"));
      } catch (GeneralSecurityException everyJdkHasIt) {
        throw new IllegalStateException(everyJdkHasIt);
      }
    }

    private static SecretKey expand(
        KDF kdf, SecretKey from, String label, int length, String algorithm)
        throws GeneralSecurityException {
      byte[] name = ("tls13 " + label).getBytes(US_ASCII);
      byte[] info =
          ByteBuffer.allocate(4 + name.length)
              .putShort((short) length)
              .put((byte) name.length)
              .put(name)
              .put((byte) 0)
              .array();
      byte[] raw = kdf.deriveData(HKDFParameterSpec.expandOnly(from, info, length));
      return new SecretKeySpec(raw, algorithm);
    }

    /** Of packet number 0. */
    byte[] apply(int mode, byte[] head, byte[] text) {
      try {
        Cipher cipher = Cipher.getInstance("AES/GCM/NoPadding");
        cipher.init(mode, key, new GCMParameterSpec(8 * TAG, iv));
        cipher.updateAAD(head);
        return cipher.doFinal(text);
      } catch (GeneralSecurityException altered) {
        throw new IllegalStateException(altered);
      }
    }

    byte[] mask(byte[] packet, int at) {
      try {
        Cipher cipher = Cipher.getInstance("AES/ECB/NoPadding");
        cipher.init(Cipher.ENCRYPT_MODE, head);
        return cipher.doFinal(packet, at, SAMPLE);
      } catch (GeneralSecurityException everyJdkHasIt) {
        throw new IllegalStateException(everyJdkHasIt);
      }
    }
  }
}
