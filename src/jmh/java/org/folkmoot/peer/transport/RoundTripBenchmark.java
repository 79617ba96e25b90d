package org.folkmoot.peer.transport;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.security.SecureRandom;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import org.folkmoot.peer.Identity;
import org.folkmoot.peer.PeerTransport;
import org.folkmoot.peer.PeerTransport.Dialled;
import org.folkmoot.peer.PeerTransport.Link;
import org.folkmoot.peer.PeerTransport.Receiver;
import org.folkmoot.wire.PeerAddress;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * A frame to another transport over loopback and back, sent from a thread that waits for it, as an
 * engine's thread does. The distribution is what matters: look at p0.50 and p0.99.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.SampleTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 5, time = 2)
@Fork(
    value = 1,
    jvmArgsAppend = {"--enable-native-access=ALL-UNNAMED", "-XX:+UseSerialGC"})
public class RoundTripBenchmark {
  /** Which way. */
  @Param({"TLS", "QUIC"})
  PeerAddress.Scheme scheme;

  /** Bytes: a hidden state of the 135M model, and of one with 2,048 numbers. */
  @Param({"2300", "8192"})
  int bytes;

  private final BlockingQueue<byte[]> back = new ArrayBlockingQueue<>(1);
  private final BlockingQueue<Link> links = new ArrayBlockingQueue<>(1);
  private byte[] frame;
  private PeerTransport here;
  private PeerTransport there;
  private Link link;

  /** Sends each frame back on the thread that read it. */
  private static final class Echo implements Receiver {
    @Override
    public void frame(Link link, byte[] frame) {
      link.send(frame);
    }

    @Override
    public void closed(Link link, String why) {}
  }

  private final class Waiting implements Receiver, Dialled {
    @Override
    public Receiver connected(Link link) {
      links.add(link);
      return this;
    }

    @Override
    public void failed(String why) {
      throw new IllegalStateException(why);
    }

    @Override
    public void frame(Link link, byte[] frame) {
      back.add(frame);
    }

    @Override
    public void closed(Link link, String why) {}
  }

  /** Links two transports. */
  @Setup
  public void link() throws InterruptedException {
    SecureRandom random = new SecureRandom();
    Identity dialler = Identity.random(random);
    Identity listener = Identity.random(random);
    TransportLimits limits = TransportLimits.DEFAULT;
    InetSocketAddress free = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
    boolean quic = scheme == PeerAddress.Scheme.QUIC;
    there =
        quic
            ? QuicTransport.listening(listener, limits, free, link -> new Echo(), random)
            : TlsTransport.listening(listener, limits, free, link -> new Echo());
    here =
        quic
            ? QuicTransport.dialling(dialler, limits, random)
            : TlsTransport.dialling(dialler, limits);
    here.dial(
        new PeerAddress(scheme, "127.0.0.1", there.listenPort()),
        listener.peerId(),
        new Waiting());
    link = links.take();
    frame = new byte[bytes];
  }

  /** There and back. */
  @Benchmark
  public byte[] roundTrip() throws InterruptedException {
    link.send(frame);
    return back.take();
  }

  /** Stops both. */
  @TearDown
  public void close() {
    here.close();
    there.close();
  }
}
