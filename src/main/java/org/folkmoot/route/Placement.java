package org.folkmoot.route;

import java.util.Optional;
import org.folkmoot.wire.LayerRange;
import org.folkmoot.wire.PeerId;

/**
 * Which span of a model a peer should serve (after Petals, Borzunov et al. 2023, appendix D). Each
 * peer decides for itself from its own view; nobody assigns.
 *
 * <p>A span that begins at layer 0 embeds, too, and one that ends with the last layer has the head:
 * their room is taken from that for layers.
 */
public final class Placement {
  /** A peer moves only if its swarm is worse than this part of what it could be. */
  private static final double WORTH_MOVING = 0.75;

  /** A move means reading weights anew, and others may be about to move for the same reason. */
  private static final long LOOK_NANOS = 60_000_000_000L;

  /**
   * How often in a row others may move in what a peer imagines before it moves itself: enough for
   * chains of consequences as they occur, and an end to those that do not.
   */
  private static final int ROUNDS = 4;

  private Placement() {}

  /**
   * The span for a peer that is about to join: the window whose layers are served worst, compared
   * from the worst on. Equal windows go by their place, so that peers who join one after the other
   * tile the model.
   *
   * @param view the swarm without the peer
   * @param capacityLayers what it can hold, in layers
   * @return empty if it cannot hold even one layer
   */
  public static Optional<LayerRange> choose(SwarmView view, ModelSize size, double capacityLayers) {
    Crowd crowd = Crowd.of(view, size);
    return crowd.worst(crowd.room(capacityLayers)).map(crowd::range);
  }

  /**
   * The span that a serving peer should move to; empty if it should stay.
   *
   * <p>Of a model that can be answered with, it moves only if its leaving uncovers nothing, and
   * what is served worst would be served better by more than a third once all have followed. Of a
   * model with a gap, it moves to its place in a tiling that closes the gap, the same that all
   * others see; or, if there are too few for that, where more layers become covered than before.
   *
   * <p>Moves one after the other come to an end; to keep peers from moving at once, each looks at
   * its own times ({@link #lookAgainNanos}).
   *
   * @param view the swarm with the peer
   * @param capacityLayers what it can hold, in layers
   */
  public static Optional<LayerRange> move(
      SwarmView view, PeerId self, ModelSize size, double capacityLayers) {
    Crowd crowd = Crowd.of(view, size);
    int me = crowd.indexOf(self);
    if (me < 0) {
      return Optional.empty();
    }
    crowd.setRoom(me, crowd.room(capacityLayers));
    Optional<Crowd.Window> target = crowd.complete() ? better(crowd, me) : mend(crowd, me);
    return target.filter(window -> !window.equals(crowd.window(me))).map(crowd::range);
  }

  /**
   * How long a peer waits before it looks whether to move.
   *
   * @param jitter from 0 to 1, drawn anew each time
   */
  public static long lookAgainNanos(double jitter) {
    return (long) (LOOK_NANOS * (0.5 + jitter));
  }

  private static Optional<Crowd.Window> better(Crowd crowd, int me) {
    Optional<Crowd.Window> target = crowd.improvement(me);
    if (target.isEmpty()) {
      return target;
    }
    Crowd imagined = crowd.copy();
    imagined.place(me, target.get());
    boolean moved = true;
    for (int round = 0; round < ROUNDS && moved; round++) {
      moved = false;
      for (int i = 0; i < imagined.size(); i++) {
        Optional<Crowd.Window> next = imagined.improvement(i);
        if (next.isPresent()) {
          imagined.place(i, next.get());
          moved = true;
        }
      }
    }
    return target.filter(_ -> crowd.least() < WORTH_MOVING * imagined.least());
  }

  private static Optional<Crowd.Window> mend(Crowd crowd, int me) {
    Optional<Crowd> tiling = crowd.tiled();
    if (tiling.isPresent()) {
      return Optional.of(tiling.get().window(me));
    }
    Crowd others = crowd.copy();
    others.remove(me);
    Optional<Crowd.Window> target = others.worst(crowd.roomOf(me));
    if (target.isEmpty()) {
      return target;
    }
    Crowd after = crowd.copy();
    after.place(me, target.get());
    return target.filter(_ -> after.covered() > crowd.covered());
  }
}
