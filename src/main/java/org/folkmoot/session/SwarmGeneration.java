package org.folkmoot.session;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.peer.PeerNetwork;
import org.folkmoot.wire.Message;
import org.folkmoot.wire.PeerId;

/**
 * A generation over a chain of peers: the blocking edge of {@link Chain}.
 *
 * <p>The chain is one step ahead of who takes the tokens: as soon as a token is there and does not
 * end the answer, the next is asked for, on the thread that brought it. A reader who is slower than
 * the chain holds it up; then a token at most was computed that nobody wants.
 */
public final class SwarmGeneration implements Generation {
  /** Told what happens on the way; on the loop. */
  public interface Watcher {
    /** Hops have taken their seats. */
    default void hops(List<HopPlan> hops) {}

    /** Peers were lost in the middle. */
    default void lost(List<PeerId> peers) {}
  }

  private sealed interface Event {}

  private record Came(Piece piece, Optional<Ending> ending, long nanos) implements Event {}

  private record Failed(FolkmootException why) implements Event {}

  private record Closed() implements Event {}

  /** Tokens that may wait to be taken while the chain goes on. */
  private static final int AHEAD = 1;

  private final PeerNetwork network;
  private final Chain chain;
  private final BlockingQueue<Event> events = new LinkedBlockingQueue<>();
  private final int promptLength;
  private final long startNanos;

  // The loop's.
  private final AnswerText text;
  private final boolean speculate;
  private final PromptLookup lookup = new PromptLookup();
  private final int[] ids;
  private int length;
  private int right;
  private int[] drafts = new int[0];
  private boolean over;
  private volatile long nanosPerToken;

  /** Whether the chain waits for the reader. */
  private volatile boolean held = true;

  // The reader's.
  private int taken;
  private long firstNanos;
  private long lastNanos;
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
    this.chain = new Chain(network, planner, settings, task, listener(watcher));
    network.loop().execute(chain::start);
  }

  private Chain.Listener listener(Watcher watcher) {
    return new Chain.Listener() {
      @Override
      public void token(Message.Token token) {
        came(token);
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
        over = true;
        events.add(new Failed(why));
      }
    };
  }

  // ---- on the loop

  /** Asks for the next tokens, unless the reader has not taken those that are there. */
  private void advance() {
    if (over || chain.stepping()) {
      return;
    }
    held = true;
    if (events.size() > AHEAD) {
      return; // who takes one sees it and calls again
    }
    held = false;
    drafts = speculate ? lookup.draft(ids, length) : new int[0];
    drafts = Arrays.copyOf(drafts, Math.min(drafts.length, ids.length - 1 - length));
    right = 0;
    chain.step(drafts);
  }

  private void came(Message.Token token) {
    if (over) {
      return; // behind the end
    }
    boolean agreed = right < drafts.length && drafts[right] == token.id();
    if (agreed) {
      right++; // the step has another token for us
    } else {
      lookup.settled(drafts.length, right);
    }
    ids[length++] = token.id();
    nanosPerToken = chain.nanosPerToken();
    AnswerText.Part part = text.add(token.id(), length == ids.length - 1);
    over = part.ending().isPresent();
    events.add(new Came(piece(token, part.text()), part.ending(), network.loop().nanoTime()));
    if (over) {
      chain.close();
    } else if (!agreed) {
      network.loop().execute(this::advance);
    }
  }

  private static Piece piece(Message.Token token, String text) {
    List<Alternative> top = new ArrayList<>();
    for (int i = 0; i < token.topIds().length; i++) {
      top.add(new Alternative(token.topIds()[i], token.topLogprobs()[i]));
    }
    return new Piece(token.id(), text, token.logprob(), top);
  }

  // ---- on the reader's thread

  @Override
  public Optional<Piece> next() {
    if (ending.isPresent()) {
      return Optional.empty();
    }
    release();
    Event event = take();
    release();
    return switch (event) {
      case Came came -> {
        lastNanos = came.nanos;
        if (taken++ == 0) {
          firstNanos = lastNanos;
        }
        ending = came.ending;
        yield Optional.of(came.piece);
      }
      case Failed(FolkmootException why) -> {
        ending = Optional.of(Ending.CANCELLED);
        throw new FolkmootException(why.code(), String.valueOf(why.getMessage()), why);
      }
      case Closed() -> Optional.empty();
    };
  }

  private void release() {
    if (held && events.size() <= AHEAD) {
      network.loop().execute(this::advance);
    }
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

  /** What the hops together say that they spent computing one token, in nanoseconds. */
  public long nanosPerToken() {
    return nanosPerToken;
  }

  @Override
  public Optional<Ending> ending() {
    return ending;
  }

  @Override
  public Usage usage() {
    return new Usage(promptLength, taken, firstNanos - startNanos, lastNanos - firstNanos);
  }

  @Override
  public void close() {
    if (ending.isEmpty()) {
      ending = Optional.of(Ending.CANCELLED);
    }
    network
        .loop()
        .execute(() -> {
          over = true;
          chain.close();
        });
    events.add(new Closed());
  }
}
