package org.folkmoot.session;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.base.Loop;
import org.folkmoot.peer.Identity;
import org.folkmoot.peer.PeerNetwork;
import org.folkmoot.peer.Signer;
import org.folkmoot.proof.Receipt;
import org.folkmoot.wire.CreditClaim;
import org.folkmoot.wire.Message;
import org.folkmoot.wire.PeerId;
import org.folkmoot.wire.SignedStatement;
import org.folkmoot.wire.TraceKey;
import org.jspecify.annotations.Nullable;

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

    /** We have acknowledged what a hop did for us. On any thread. */
    default void acknowledged(CreditClaim claim) {}
  }

  private sealed interface Event {}

  private record Came(Piece piece, Optional<Ending> ending, long nanos) implements Event {}

  private record Failed(FolkmootException why) implements Event {}

  private record Broken(Throwable defect) implements Event {}

  private record Closed() implements Event {}

  /** How long hops have to sign, replacements of lost ones included. */
  private static final Duration SIGN_WITHIN = Duration.ofSeconds(10);

  /** Tokens that may wait to be taken while the chain goes on. */
  private static final int AHEAD = 1;

  private final PeerNetwork network;
  private final Chain chain;
  private final Watcher watcher;
  private final BlockingQueue<Event> events = new LinkedBlockingQueue<>();
  private final int promptLength;
  private final long startNanos;

  // The loop's.
  private final AnswerText text;
  private final Optional<Drafter> drafter;
  private final int[] ids;
  private int length;
  private int right;
  private int[] drafts = new int[0];
  private boolean drafting;
  private long sentNanos;
  private boolean over;
  private volatile long nanosPerToken;
  private final Optional<TraceKey> trace;
  private final CompletableFuture<Optional<Evidence>> evidence = new CompletableFuture<>();
  private Loop.@Nullable Timer patience;

  /** Whether the chain waits for the reader. */
  private volatile boolean held = true;

  // The reader's.
  private int taken;
  private boolean acknowledged;
  private long firstNanos;
  private long lastNanos;
  private volatile Optional<Ending> ending = Optional.empty();

  SwarmGeneration(
      PeerNetwork network,
      ChainPlanner planner,
      ChainSettings settings,
      Chain.Task task,
      AnswerText text,
      Optional<Drafter> drafter,
      Optional<TraceKey> trace,
      Watcher watcher) {
    this.network = network;
    this.trace = trace;
    this.text = text;
    this.drafter = drafter;
    int[] prompt = task.sampling().history();
    this.promptLength = prompt.length;
    this.length = prompt.length;
    this.ids = Arrays.copyOf(prompt, task.maxPositions() + 1);
    this.startNanos = network.loop().nanoTime();
    this.firstNanos = startNanos;
    this.lastNanos = startNanos;
    this.watcher = watcher;
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
      public void attested(List<SignedStatement> statements) {
        evidence.complete(evidence(statements));
        giveUp();
      }

      @Override
      public void failed(FolkmootException why) {
        evidence.complete(Optional.empty());
        over = true;
        drafter.ifPresent(Drafter::close);
        events.add(new Failed(why));
      }

      @Override
      public void broken(Throwable defect) {
        evidence.complete(Optional.empty());
        over = true;
        events.add(new Broken(defect));
        drafter.ifPresent(Drafter::close);
      }
    };
  }

  private void onLoop(Runnable action) {
    network.loop().execute(() -> chain.guard(action));
  }

  // ---- on the loop

  private void advance() {
    advance(0);
  }

  /**
   * Asks for the next tokens, unless the reader has not taken those that are there.
   *
   * @param more that are about to be there
   */
  private void advance(int more) {
    if (over || drafting || chain.stepping()) {
      return;
    }
    held = true;
    if (events.size() + more > AHEAD) {
      return; // who takes one sees it and calls again
    }
    held = false;
    if (drafter.isEmpty()) {
      step(new int[0]);
    } else if (length == promptLength) {
      // The prompt goes ahead: there is time to draft while it is computed.
      drafter.get().prepare(ids, length);
      step(new int[0]);
    } else {
      drafting = true;
      drafter
          .get()
          .draft(
              ids,
              length,
              guess ->
                  chain.guard(() -> {
                    drafting = false;
                    step(guess);
                  }));
    }
  }

  private void step(int[] guess) {
    if (over) {
      return;
    }
    drafts = Arrays.copyOf(guess, Math.min(guess.length, ids.length - 1 - length));
    right = 0;
    sentNanos = network.loop().nanoTime();
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
      long nanos = network.loop().nanoTime() - sentNanos;
      drafter.ifPresent(each -> each.settled(drafts.length, right, nanos));
    }
    ids[length++] = token.id();
    nanosPerToken = chain.nanosPerToken();
    AnswerText.Part part = text.add(token.id(), length == ids.length - 1);
    over = part.ending().isPresent();
    Event event = new Came(piece(token, part.text()), part.ending(), network.loop().nanoTime());
    if (over) {
      events.add(event);
      drafter.ifPresent(Drafter::close);
      collect();
    } else if (agreed) {
      events.add(event);
    } else {
      // The hops first: waking the reader takes as long as a layer of a small model.
      onLoop(() -> {
        advance(1);
        events.add(event);
      });
    }
  }

  private Optional<Evidence> evidence(List<SignedStatement> statements) {
    boolean fits =
        statements.size() <= Receipt.MAX_HOPS && chain.replaced().size() <= Receipt.MAX_REPLACED;
    return fits ? Optional.of(new Evidence(statements, chain.replaced())) : Optional.empty();
  }

  /** Has the hops sign, and lets them go. */
  private void collect() {
    if (trace.isEmpty()) {
      evidence.complete(Optional.empty());
      chain.close();
      return;
    }
    chain.attest(trace.get(), Identity::verify);
    patience = network.loop().after(SIGN_WITHIN.toNanos(), this::giveUp);
  }

  private void giveUp() {
    if (patience != null) {
      patience.cancel();
    }
    evidence.complete(Optional.empty());
    chain.close();
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
      case Broken(Throwable defect) -> {
        ending = Optional.of(Ending.CANCELLED);
        throw new IllegalStateException("a defect ended the answer", defect);
      }
      case Closed() -> Optional.empty();
    };
  }

  private void release() {
    if (held && events.size() <= AHEAD) {
      onLoop(this::advance);
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
  public Optional<Evidence> evidence(Signer self) {
    try {
      Optional<Evidence> found = evidence.get(2 * SIGN_WITHIN.toMillis(), TimeUnit.MILLISECONDS);
      found.ifPresent(signed -> acknowledge(signed, self));
      return found;
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      return Optional.empty();
    } catch (ExecutionException | TimeoutException none) {
      return Optional.empty();
    }
  }

  /** Lets each hop prove what it did for us: its signature alone would be its own word. */
  private void acknowledge(Evidence signed, Signer self) {
    if (acknowledged || !self.peerId().equals(network.self())) {
      return;
    }
    acknowledged = true;
    for (SignedStatement work : signed.statements()) {
      if (work.hop().equals(self.peerId())) {
        continue;
      }
      int tokens = work.statement().length();
      byte[] signature = self.sign(CreditClaim.signedBytes(work, self.peerId(), tokens));
      watcher.acknowledged(new CreditClaim(work, self.peerId(), tokens, signature));
      Message thanks = new Message.Acknowledge(work.statement().session(), tokens, signature);
      network.loop().execute(() -> network.send(work.hop(), thanks));
    }
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
          drafter.ifPresent(Drafter::close);
          giveUp();
        });
    events.add(new Closed());
  }
}
