package org.folkmoot.serve;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.folkmoot.peer.PeerNetwork;
import org.folkmoot.wire.Message;
import org.folkmoot.wire.PeerId;
import org.folkmoot.wire.SessionId;

/**
 * What goes from a seat to the hop behind it: each output as it is computed, and all that are kept
 * again when another hop takes that place. On the loop only.
 */
final class Downstream {
  /** Numbers in one message of a replay: a megabyte. */
  private static final int REPLAY_FLOATS = 1 << 18;

  private final PeerNetwork network;
  private final SessionId session;
  private final int dim;
  private final Retained retained;
  private Optional<PeerId> next;
  private int sendFrom;

  /**
   * Begins to watch that hop, if there is one.
   *
   * @param sendFrom the first position that it lacks
   * @param dim numbers of an output
   */
  Downstream(PeerNetwork network, SessionId session, Optional<PeerId> next, int sendFrom, int dim) {
    this.network = network;
    this.session = session;
    this.next = next;
    this.sendFrom = sendFrom;
    this.dim = dim;
    retained = new Retained(dim);
    next.ifPresent(network::watch);
  }

  boolean is(PeerId peer) {
    return next.isPresent() && next.get().equals(peer);
  }

  /** Keeps outputs that were computed, and sends what the next hop lacks of them. */
  void add(Retained.Part part, int wantFrom) {
    retained.add(part);
    send(retained.between(Math.max(part.position(), sendFrom), part.end()), wantFrom);
  }

  /** Another hop takes the place: it is sent all from a position on. */
  void replace(Message.Contact by, int replayFrom, int length, int wantFrom) {
    next.ifPresent(network::unwatch);
    next = Optional.of(by.peer());
    network.hint(by.peer(), by.addresses());
    network.watch(by.peer());
    sendFrom = replayFrom;
    send(retained.joined(sendFrom, length, wantFrom), wantFrom);
  }

  private void send(List<Retained.Part> parts, int wantFrom) {
    if (next.isEmpty()) {
      return;
    }
    int most = Math.max(1, REPLAY_FLOATS / dim);
    for (Retained.Part part : parts) {
      for (int from = part.position(); from < part.end(); from += most) {
        int to = Math.min(part.end(), from + most);
        float[] states = part.hidden();
        if (to - from < part.tokens()) {
          int at = from - part.position();
          states = Arrays.copyOfRange(states, at * dim, (at + to - from) * dim);
        }
        network.send(
            next.get(),
            new Message.Forward(
                session, part.epoch(), from, to - from, wantFrom, new int[0], states));
      }
    }
  }

  void close() {
    next.ifPresent(network::unwatch);
  }
}
