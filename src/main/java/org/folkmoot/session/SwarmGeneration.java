package org.folkmoot.session;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.LinkedBlockingQueue;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.peer.PeerNetwork;
import org.folkmoot.wire.Message;
import org.folkmoot.wire.PeerId;

/** A generation over a chain of peers: the blocking edge of {@link Chain}. */
public final class SwarmGeneration implements Generation {
  /** Told what happens on the way; on the loop. */
  public interface Watcher {
    /** Hops have taken their seats. */
    default void hops(List<HopPlan> hops) {}

    /** Peers were lost in the middle. */
    default void lost(List<PeerId> peers) {}
  }

  private sealed interface Event {}

  private record Came(Message.Token token) implements Event {}

  private record Failed(FolkmootException why) implements Event {}

  private record Closed() implements Event {}

  private final PeerNetwork network;
  private final Chain chain;
  private final AnswerText text;
  private final boolean speculate;
  private final PromptLookup lookup = new PromptLookup();
  private final LinkedBlockingQueue<Event> events = new LinkedBlockingQueue<>();
  private final int[] ids;
  private final int promptLength;
  private int length;
  private int pending;
  private int proposed;
  private int right;
  private int[] drafts = new int[0];
  private final long startNanos;
  private long firstNanos;
  private long lastNanos;
  private long spentBefore;
  private volatile long decodeNanos;
  private volatile Optional<Ending> ending = Optional.empty();

  SwarmGeneration(
      PeerNetwork network,
      ChainPlanner planner,
      ChainSettings settings,
      Chain.Task task,
      AnswerText text,
      boolean speculate,
      Watcher watcher) {
    this.network = network;
    this.text = text;
    this.speculate = speculate;
    int[] prompt = task.sampling().history();
    this.promptLength = prompt.length;
    this.length = prompt.length;
    this.ids = Arrays.copyOf(prompt, task.maxPositions() + 1);
    this.startNanos = network.loop().nanoTime();
    this.firstNanos = startNanos;
    this.lastNanos = startNanos;
    this.chain =
        new Chain(
            network,
            planner,
            settings,
            task,
            new Chain.Listener() {
              @Override
              public void token(Message.Token token) {
                long spent = chain().spentNanos().stream().mapToLong(Long::longValue).sum();
                if (token.position() == promptLength) {
                  spentBefore = spent;
                }
                decodeNanos = spent - spentBefore;
                events.add(new Came(token));
              }

              @Override
              public void repairing(List<PeerId> lost) {
                watcher.lost(lost);
              }

              @Override
              public void hops(List<HopPlan> hops) {
                watcher.hops(hops);
              }

              @Override
              public void failed(FolkmootException why) {
                events.add(new Failed(why));
              }
            });
    network.loop().execute(chain::start);
  }

  private Chain chain() {
    return chain;
  }

  @Override
  public Optional<Piece> next() {
    if (ending.isPresent()) {
      return Optional.empty();
    }
    if (pending == 0) {
      drafts = speculate ? lookup.draft(ids, length) : new int[0];
      drafts = Arrays.copyOf(drafts, Math.min(drafts.length, ids.length - 1 - length));
      proposed = drafts.length;
      right = 0;
      pending = 1;
      int[] now = drafts;
      network
          .loop()
          .execute(() -> {
            if (ending.isEmpty()) {
              chain.step(now);
            }
          });
    }
    return switch (take()) {
      case Came(Message.Token token) -> Optional.of(piece(token));
      case Failed(FolkmootException why) -> {
        ending = Optional.of(Ending.CANCELLED);
        throw new FolkmootException(why.code(), String.valueOf(why.getMessage()), why);
      }
      case Closed() -> Optional.empty();
    };
  }

  private Event take() {
    try {
      return events.take();
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      close();
      return new Closed();
    }
  }

  private Piece piece(Message.Token token) {
    // A draft that was right: the step has another token for us.
    boolean agreed = right < drafts.length && drafts[right] == token.id();
    if (agreed) {
      right++;
    } else {
      pending = 0;
      lookup.settled(proposed, right);
    }
    lastNanos = network.loop().nanoTime();
    if (length == promptLength) {
      firstNanos = lastNanos;
    }
    ids[length++] = token.id();
    AnswerText.Part part = text.add(token.id(), length == ids.length - 1);
    if (part.ending().isPresent()) {
      finish(part.ending().get());
    }
    List<Alternative> top = new ArrayList<>();
    for (int i = 0; i < token.topIds().length; i++) {
      top.add(new Alternative(token.topIds()[i], token.topLogprobs()[i]));
    }
    return new Piece(token.id(), part.text(), token.logprob(), top);
  }

  private void finish(Ending how) {
    ending = Optional.of(how);
    network.loop().execute(chain::close);
  }

  /** What hops said that they spent computing since the first token. */
  public long decodeNanos() {
    return decodeNanos;
  }

  @Override
  public Optional<Ending> ending() {
    return ending;
  }

  @Override
  public Usage usage() {
    return new Usage(
        promptLength, length - promptLength, firstNanos - startNanos, lastNanos - firstNanos);
  }

  @Override
  public void close() {
    if (ending.isEmpty()) {
      finish(Ending.CANCELLED);
    }
    events.add(new Closed());
  }
}
