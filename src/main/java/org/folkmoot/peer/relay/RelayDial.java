package org.folkmoot.peer.relay;

import java.util.concurrent.atomic.AtomicBoolean;
import org.folkmoot.base.Loop;
import org.folkmoot.peer.PeerTransport;
import org.folkmoot.peer.PeerTransport.Dialled;
import org.folkmoot.wire.PeerAddress;
import org.folkmoot.wire.PeerId;
import org.jspecify.annotations.Nullable;

/** A dial that may end in a circuit or in the shortcut, whichever is there first. */
final class RelayDial {
  /** How long a circuit that stands waits for the shortcut: a packet sent again, and its answer. */
  private static final long SHORTCUT_NANOS = 1_200_000_000L;

  private final Loop loop;
  private final PeerId expected;
  private final Dialled result;
  private final AtomicBoolean decided = new AtomicBoolean();

  /** Whether the shortcut is still being tried. On the loop only, as what follows. */
  private boolean trying;

  private @Nullable Circuit circuit;
  private String why = "";

  RelayDial(Loop loop, PeerId expected, Dialled result) {
    this.loop = loop;
    this.expected = expected;
    this.result = result;
  }

  /** Tries the shortcut, unless that is being done already. */
  void tryShortcut(Shortcut way, PeerAddress observed) {
    if (trying) {
      return;
    }
    trying = true;
    way.dial(
        observed,
        expected,
        new Dialled() {
          @Override
          public PeerTransport.Receiver connected(PeerTransport.Link link) {
            if (decided.compareAndSet(false, true)) {
              loop.execute(RelayDial.this::dropCircuit);
              return result.connected(link);
            }
            link.close("there is a link already");
            return new Unwanted();
          }

          @Override
          public void failed(String reason) {
            loop.execute(RelayDial.this::noShortcut);
          }
        });
  }

  private void dropCircuit() {
    if (circuit != null) {
      circuit.over("there is a direct link");
    }
  }

  private void noShortcut() {
    trying = false;
    if (circuit == null) {
      circuitFailed(why);
    } else {
      settle(circuit);
    }
  }

  /** The circuit stands: it is the link, unless the shortcut may still become it. */
  void circuitStands(Circuit one) {
    circuit = one;
    if (trying) {
      loop.after(SHORTCUT_NANOS, () -> settle(one));
    } else {
      settle(one);
    }
  }

  private void settle(Circuit one) {
    if (circuit == one && decided.compareAndSet(false, true)) {
      one.taken(result.connected(one));
    }
  }

  /** There will be no circuit. */
  void circuitFailed(String reason) {
    why = reason;
    circuit = null;
    if (!trying && decided.compareAndSet(false, true)) {
      result.failed(reason);
    }
  }
}
