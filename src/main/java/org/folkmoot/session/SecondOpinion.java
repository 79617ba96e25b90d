package org.folkmoot.session;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.peer.PeerNetwork;
import org.folkmoot.peer.Verifier;
import org.folkmoot.proof.Disclosure;
import org.folkmoot.proof.Finding;
import org.folkmoot.proof.Receipt;
import org.folkmoot.wire.Message;
import org.folkmoot.wire.PeerId;
import org.folkmoot.wire.SessionId;
import org.folkmoot.wire.SignedStatement;
import org.folkmoot.wire.TraceKey;

/**
 * An answer computed again by other peers of the swarm, in the parts that its receipt names: for
 * those who have no weights. The answer goes in as a draft, so a few passes do. Each part's new
 * statement must repeat the old one's roots. Where both differ somebody computed wrongly; who, two
 * opinions alone do not say.
 */
public final class SecondOpinion {
  /** Drafted tokens in one step: as many as a last hop takes. */
  private static final int DRAFTS = 31;

  /**
   * What came of one part.
   *
   * @param hop the receipt's
   * @param second who computed it now, the last of several
   * @param agrees whether outputs from equal inputs are equal; if the inputs differ already nothing
   *     is said about this part
   */
  public record Part(Receipt.Hop hop, SignedStatement second, Verdict agrees) {}

  /** How two statements about one part compare. */
  public enum Verdict {
    /** Same inputs, same outputs. */
    SAME,
    /** Same inputs, other outputs. */
    DIFFERENT,
    /** Other inputs: nothing can be said. */
    OTHER_INPUTS
  }

  /**
   * What came of all.
   *
   * @param parts in order; empty if not all peers signed
   * @param wrongToken the first position where another token would have been chosen; empty if there
   *     is none
   */
  public record Result(List<Part> parts, OptionalInt wrongToken) {
    /** Copies. */
    public Result {
      parts = List.copyOf(parts);
    }

    /** The same as findings about the answer. */
    public List<Finding> findings() {
      List<Finding> findings = new ArrayList<>();
      for (Part part : parts) {
        PeerId second = part.second.hop();
        if (part.agrees != Verdict.OTHER_INPUTS) {
          boolean same = part.agrees == Verdict.SAME;
          findings.add(Finding.repeated(part.hop.peer(), second, part.hop.range(), same));
        } else {
          findings.add(
              Finding.notComputed("what came into " + part.hop.range() + " is wrong already"));
        }
      }
      if (parts.isEmpty() && wrongToken.isEmpty()) {
        findings.add(Finding.notComputed("no peers serve the parts that the receipt names"));
      }
      findings.add(Finding.rechosen(wrongToken));
      return findings;
    }
  }

  private final PeerNetwork network;
  private final ChainPlanner planner;
  private final ChainSettings settings;
  private final Verifier verifier;
  private final Chain.Task task;
  private final Receipt receipt;
  private final int[] ids;
  private final TraceKey key;
  private Chain chain;
  private final CompletableFuture<Result> result = new CompletableFuture<>();
  private final int[] output;
  private int agreed;
  private OptionalInt wrongToken = OptionalInt.empty();

  /**
   * Prepares it.
   *
   * @param planner cuts the chain as the receipt says: {@link SameCuts}
   * @param task of a new session; its history is the prompt
   * @param verifier looks at signatures
   */
  SecondOpinion(
      PeerNetwork network,
      ChainPlanner planner,
      ChainSettings settings,
      Chain.Task task,
      Verifier verifier,
      Receipt receipt,
      Disclosure disclosure) {
    this.network = network;
    this.verifier = verifier;
    this.planner = planner;
    this.settings = settings;
    this.task = task;
    this.receipt = receipt;
    this.ids = disclosure.ids();
    this.key = TraceKey.ofSalt(disclosure.salt());
    this.output = disclosure.outputIds();
    this.chain = new Chain(network, planner, settings, task, new Listener());
  }

  /** What a chain tells us; on the loop. */
  private final class Listener implements Chain.Listener {
    @Override
    public void token(Message.Token token) {
      if (wrongToken.isPresent() || agreed == output.length) {
        return;
      }
      if (token.id() != output[agreed]) {
        wrongToken = OptionalInt.of(token.position());
        chain.close();
        network.loop().execute(SecondOpinion.this::withoutChoosing);
      } else if (++agreed == output.length) {
        chain.attest(key, verifier);
      } else if (!chain.stepping()) {
        network.loop().execute(SecondOpinion.this::step);
      }
    }

    @Override
    public void attested(List<SignedStatement> statements) {
      result.complete(new Result(compare(statements), wrongToken));
      chain.close();
    }

    @Override
    public void failed(FolkmootException why) {
      result.completeExceptionally(why);
    }

    @Override
    public void broken(Throwable defect) {
      result.completeExceptionally(defect);
    }
  }

  private void step() {
    int end = Math.max(agreed, Math.min(output.length - 1, agreed + DRAFTS));
    chain.step(Arrays.copyOfRange(output, agreed, end));
  }

  /** Has the hidden states of the whole answer computed: a wrong token does not say whose it is. */
  private void withoutChoosing() {
    Chain.Task all =
        new Chain.Task(
            another(task.session()),
            task.model(),
            task.layers(),
            task.maxPositions(),
            task.sampling().withHistory(ids));
    chain = new Chain(network, planner, settings, all, new Listener());
    chain.attest(key, verifier);
    chain.start();
  }

  /** Late reports about the one session are none about the other. */
  private static SessionId another(SessionId session) {
    return new SessionId(session.high(), session.low() + 1);
  }

  private List<Part> compare(List<SignedStatement> statements) {
    List<Part> parts = new ArrayList<>();
    for (Receipt.Hop hop : receipt.hops()) {
      Optional<SignedStatement> first =
          statements.stream()
              .filter(one -> one.statement().range().from() == hop.range().from())
              .filter(one -> one.statement().range().embeds() == hop.range().embeds())
              .findFirst();
      Optional<SignedStatement> last =
          statements.stream()
              .filter(one -> one.statement().range().to() == hop.range().to())
              .reduce((_, later) -> later);
      if (first.isEmpty() || last.isEmpty()) {
        return List.of();
      }
      boolean sameIn = first.get().statement().inputs().equals(hop.inputs());
      boolean sameOut = last.get().statement().outputs().equals(hop.outputs());
      Verdict verdict = !sameIn ? Verdict.OTHER_INPUTS : sameOut ? Verdict.SAME : Verdict.DIFFERENT;
      parts.add(new Part(hop, last.get(), verdict));
    }
    return parts;
  }

  /**
   * Asks and waits.
   *
   * @throws FolkmootException if no peers can do it, or not in time
   */
  public Result ask(Duration within) {
    start();
    try {
      return result.get(within.toMillis(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      throw late();
    } catch (TimeoutException late) {
      throw late();
    } catch (ExecutionException failed) {
      throw failed.getCause() instanceof FolkmootException coded
          ? new FolkmootException(coded.code(), String.valueOf(coded.getMessage()), coded)
          : new IllegalStateException(failed.getCause());
    } finally {
      end();
    }
  }

  /** Asks; who does not want to wait any more cancels by {@link #end}. */
  CompletableFuture<Result> begin() {
    start();
    return result;
  }

  private void start() {
    network
        .loop()
        .execute(() -> {
          chain.start();
          step();
        });
  }

  /** Lets the peers go. */
  void end() {
    network.loop().execute(() -> chain.close());
  }

  private static FolkmootException late() {
    return new FolkmootException(
        FolkmootException.Code.UNREACHABLE,
        "the other peers did not compute the answer again in time: try later");
  }
}
