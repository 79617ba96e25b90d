package org.folkmoot.peer.transport;

import java.util.concurrent.atomic.AtomicBoolean;
import org.folkmoot.peer.PeerTransport.Dialled;
import org.folkmoot.peer.PeerTransport.Link;
import org.folkmoot.peer.PeerTransport.Receiver;
import org.folkmoot.wire.PeerAddress;
import org.folkmoot.wire.PeerId;
import org.jspecify.annotations.Nullable;

/** One dial: told once how it went, whatever happens later. */
final class Attempt {
  private final PeerAddress address;
  private final PeerId expected;
  private final Dialled result;
  private final Runnable release;
  private final AtomicBoolean decided = new AtomicBoolean();

  /**
   * A dial that begins.
   *
   * @param release gives back its place if it fails
   */
  Attempt(PeerAddress address, PeerId expected, Dialled result, Runnable release) {
    this.address = address;
    this.expected = expected;
    this.result = result;
    this.release = release;
  }

  PeerAddress address() {
    return address;
  }

  PeerId expected() {
    return expected;
  }

  /** There is a link. Null if it comes too late. */
  @Nullable Receiver connected(Link link) {
    return decided.compareAndSet(false, true) ? result.connected(link) : null;
  }

  /** There is none. */
  void failed(String why) {
    if (decided.compareAndSet(false, true)) {
      release.run();
      result.failed(why);
    }
  }

  void failed(Throwable fault) {
    failed(Faults.dial(address, fault));
  }
}
