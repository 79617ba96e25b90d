package org.folkmoot.peer.transport;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.folkmoot.peer.PeerTransport.Acceptor;
import org.folkmoot.peer.PeerTransport.Dialled;
import org.folkmoot.peer.PeerTransport.Link;
import org.folkmoot.peer.PeerTransport.Receiver;

/** Keeps what a transport tells, for a test to take in its own time. */
class Recorder implements Acceptor, Dialled, Receiver {
  /** Far longer than anything takes that does happen. */
  static final int PATIENCE_SECONDS = 60;

  final BlockingQueue<Link> links = new LinkedBlockingQueue<>();
  final BlockingQueue<byte[]> frames = new LinkedBlockingQueue<>();
  final BlockingQueue<String> failures = new LinkedBlockingQueue<>();
  final BlockingQueue<String> closes = new LinkedBlockingQueue<>();

  private final BlockingQueue<String> ends = new LinkedBlockingQueue<>();

  @Override
  public Receiver accepted(Link link) {
    links.add(link);
    return this;
  }

  @Override
  public Receiver connected(Link link) {
    links.add(link);
    return this;
  }

  @Override
  public void failed(String why) {
    failures.add(why);
    ends.add(why);
  }

  @Override
  public void frame(Link link, byte[] frame) {
    frames.add(frame);
  }

  @Override
  public void closed(Link link, String why) {
    closes.add(why);
    ends.add(why);
  }

  Link link() throws InterruptedException {
    return take(links, "a link");
  }

  byte[] frame() throws InterruptedException {
    return take(frames, "a frame");
  }

  String failure() throws InterruptedException {
    return take(failures, "a failed dial");
  }

  String closed() throws InterruptedException {
    return take(closes, "a closed link");
  }

  /** What ended a dial or its link, whichever it was. */
  String refused() throws InterruptedException {
    return take(ends, "a refusal");
  }

  private <T> T take(BlockingQueue<T> queue, String what) throws InterruptedException {
    T taken = queue.poll(PATIENCE_SECONDS, TimeUnit.SECONDS);
    assertThat(taken)
        .as("%s; failures %s, closes %s, %d links", what, failures, closes, links.size())
        .isNotNull();
    return taken;
  }
}
