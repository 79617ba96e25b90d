package org.folkmoot.cli.swarm;

import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import org.folkmoot.base.Loop;
import org.folkmoot.engine.model.ModelConfig;
import org.folkmoot.ledger.credit.CreditBook;
import org.folkmoot.ledger.credit.CreditGraph;
import org.folkmoot.ledger.credit.CreditPage;
import org.folkmoot.ledger.credit.ModelShape;
import org.folkmoot.ledger.credit.Work;
import org.folkmoot.peer.Identity;
import org.folkmoot.serve.Standing;
import org.folkmoot.session.HopPlan;
import org.folkmoot.session.SwarmGeneration;
import org.folkmoot.wire.CreditClaim;
import org.folkmoot.wire.ModelId;
import org.folkmoot.wire.PeerId;

/**
 * A node's credits: what it did for others and others for it, kept in a file of its home if it
 * serves. {@link FeedCredits} carries them to the ledger and back. On the loop only, but for {@link
 * #watching}.
 */
final class NodeCredits implements Standing {
  /** Works since the last write: what a crash may lose. */
  private static final int UNSAVED = 64;

  /** Beyond this, who is owed more does not go before who is owed less: all are served. */
  private static final long MOST = 1L << 32;

  private final Loop loop;
  private final Path file;
  private final ExecutorService writer;
  private final CreditBook book;
  private final Map<ModelId, ModelShape> shapes = new HashMap<>();
  private Listener listener = (_, _) -> {};
  private boolean kept;
  private int unsaved;

  NodeCredits(Loop loop, PeerId self, Path file, ExecutorService writer) {
    this.loop = loop;
    this.file = file;
    this.writer = writer;
    this.book =
        new CreditBook(
            self,
            Identity::verify,
            model -> Optional.ofNullable(shapes.get(model)),
            loop::clockMillis);
  }

  /** Told of works that count. */
  interface Listener {
    /** A work that we took part in. */
    void counted(CreditClaim claim, Work work);
  }

  /** Has somebody told, on the loop, of each work that we took part in. */
  void listen(Listener told) {
    listener = told;
  }

  /** Learns what a model's work is worth. */
  void know(ModelId model, ModelConfig config) {
    know(
        model,
        new ModelShape(
            config.dim(),
            config.heads() * config.headDim(),
            config.kvHeads() * config.headDim(),
            config.ffn(),
            config.vocabulary()));
  }

  void know(ModelId model, ModelShape shape) {
    shapes.put(model, shape);
  }

  /** Reads the home's file, and writes it from now on. */
  void keep() {
    if (kept) {
      return;
    }
    kept = true;
    SwarmFolder.restore(book, file);
  }

  /** Writes what is new. */
  void save() {
    if (kept && unsaved > 0) {
      unsaved = 0;
      byte[] bytes = book.toBytes();
      writer.execute(() -> SwarmFolder.save(file, bytes));
    }
  }

  /** Who is owed what. */
  CreditGraph graph() {
    return book.graph();
  }

  @Override
  public long of(PeerId asker) {
    return book.standing(asker, MOST);
  }

  @Override
  public void acknowledged(CreditClaim claim) {
    book.take(claim)
        .ifPresent(work -> {
          noted(1);
          listener.counted(claim, work);
        });
  }

  private void noted(int works) {
    unsaved += works;
    if (unsaved >= UNSAVED) {
      save();
    }
  }

  /** Whether what a feed tells of works matters here. */
  boolean follows(PeerId feed) {
    return book.follows(feed);
  }

  /** How far a feed was read. */
  long read(PeerId feed) {
    return book.read(feed);
  }

  /** Takes the next page of a feed. */
  void take(CreditPage page) {
    // That it was read is news, too; but nothing is lost if it is read again.
    noted(book.take(page));
    unsaved += unsaved == 0 ? 1 : 0;
  }

  /** A watcher of answers that notes what hops did for us, too. */
  SwarmGeneration.Watcher watching(SwarmGeneration.Watcher other) {
    return new SwarmGeneration.Watcher() {
      @Override
      public void hops(List<HopPlan> hops) {
        other.hops(hops);
      }

      @Override
      public void lost(List<PeerId> peers) {
        other.lost(peers);
      }

      @Override
      public void acknowledged(CreditClaim claim) {
        other.acknowledged(claim);
        loop.execute(() -> NodeCredits.this.acknowledged(claim));
      }
    };
  }
}
