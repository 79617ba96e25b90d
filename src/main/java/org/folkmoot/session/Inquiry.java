package org.folkmoot.session;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.base.Hash32;
import org.folkmoot.base.Loop;
import org.folkmoot.peer.PeerNetwork;
import org.folkmoot.proof.Question;
import org.folkmoot.proof.SignedReply;
import org.folkmoot.wire.Message;
import org.folkmoot.wire.PeerId;
import org.folkmoot.wire.SignedStatement;
import org.folkmoot.wire.TraceKey;

/**
 * Asks peers about what they signed. Whoever refuses, is gone, takes too long or sends what is no
 * answer has none; what comes later is not looked at. On the loop.
 */
public final class Inquiry implements PeerNetwork.Listener {
  /** Long enough to compute a long answer again, beside others, on a slow machine. */
  private static final long PATIENCE_NANOS = 120_000_000_000L;

  private record Open(PeerId peer, Consumer<Optional<SignedReply>> told, Loop.Timer limit) {}

  private final PeerNetwork network;
  private final Map<Long, Open> open = new HashMap<>();
  private long numbers;

  /** One for all disputes of a node. */
  public Inquiry(PeerNetwork network) {
    this.network = network;
    network.listen(this);
  }

  /** What stands by a statement at its peer. */
  public Hearing.Witness witness(SignedStatement signed, TraceKey key) {
    Hash32 statement = signed.statement().hash();
    return (question, told) ->
        network.loop().execute(() -> ask(signed.hop(), statement, key, question, told));
  }

  private void ask(
      PeerId peer,
      Hash32 statement,
      TraceKey key,
      Question question,
      Consumer<Optional<SignedReply>> told) {
    long number = numbers++;
    Loop.Timer limit = network.loop().after(PATIENCE_NANOS, () -> end(number, Optional.empty()));
    open.put(number, new Open(peer, told, limit));
    network.send(peer, new Message.Question(number, statement, key, question.toBytes()));
  }

  private void end(long number, Optional<SignedReply> reply) {
    Open ended = open.remove(number);
    if (ended != null) {
      ended.limit.cancel();
      ended.told.accept(reply);
    }
  }

  @Override
  public void received(PeerId from, Message message) {
    switch (message) {
      case Message.Answer answer -> {
        if (isAsked(answer.number(), from)) {
          end(answer.number(), parse(answer.reply()));
        }
      }
      case Message.NoAnswer none -> {
        if (isAsked(none.number(), from)) {
          end(none.number(), Optional.empty());
        }
      }
      default -> {} // for others
    }
  }

  private boolean isAsked(long number, PeerId peer) {
    Open asked = open.get(number);
    return asked != null && asked.peer.equals(peer);
  }

  private static Optional<SignedReply> parse(byte[] bytes) {
    try {
      return Optional.of(SignedReply.parse(bytes));
    } catch (FolkmootException malformed) {
      return Optional.empty();
    }
  }

  @Override
  public void lost(PeerId peer, Message.Reason reason) {
    for (Map.Entry<Long, Open> each : List.copyOf(open.entrySet())) {
      if (each.getValue().peer.equals(peer)) {
        end(each.getKey(), Optional.empty());
      }
    }
  }
}
