package org.folkmoot.ledger.credit;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.function.LongSupplier;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.base.Hash32;
import org.folkmoot.peer.Verifier;
import org.folkmoot.wire.CreditClaim;
import org.folkmoot.wire.ModelId;
import org.folkmoot.wire.PeerId;

/**
 * One peer's view of who is owed what: works that it takes part in or hears of, each once, in the
 * order in which they came. Two peers' views differ as far as what they have heard does; each hop
 * decides by its own.
 *
 * <p>For one thread.
 */
public final class CreditBook {
  /**
   * What a newcomer is served on trust, in megaflops: some 4,000 tokens of a model of a billion
   * weights.
   */
  public static final long ALLOWANCE = 10_000_000;

  /** Newcomers trusted at a time: each is an edge of ours. */
  public static final int MAX_NEWCOMERS = 128;

  /** New ones in an hour, so that who is pushed out does not come back with a new allowance. */
  public static final int NEWCOMERS_AN_HOUR = 64;

  /** Works remembered, so that none counts twice: two megabytes. */
  static final int MAX_SEEN = 32_768;

  private static final int VERSION = 1;

  private static final long HOUR_MILLIS = 3_600_000;

  private final PeerId self;
  private final Verifier verifier;
  private final Function<ModelId, Optional<ModelShape>> shapes;
  private final LongSupplier clockMillis;
  private final CreditGraph graph = new CreditGraph();
  private final Set<PeerId> newcomers = new LinkedHashSet<>();
  private final Set<Hash32> seen = new LinkedHashSet<>();
  private long hour;
  private int thisHour;

  /**
   * An empty book.
   *
   * @param shapes the shape of a model, where it is known
   * @param clockMillis the date, since 1970
   */
  public CreditBook(
      PeerId self,
      Verifier verifier,
      Function<ModelId, Optional<ModelShape>> shapes,
      LongSupplier clockMillis) {
    this.self = self;
    this.verifier = verifier;
    this.shapes = shapes;
    this.clockMillis = clockMillis;
  }

  /** What is owed. */
  public CreditGraph graph() {
    return graph;
  }

  /**
   * What a peer may be served for now, in megaflops, up to a bound. Who is not known yet is trusted
   * with {@link #ALLOWANCE}, if not too many others are.
   */
  public long standing(PeerId asker, long most) {
    welcome(asker);
    return graph.flow(asker, self, most);
  }

  private void welcome(PeerId asker) {
    if (asker.equals(self) || newcomers.contains(asker)) {
      return;
    }
    long now = clockMillis.getAsLong() / HOUR_MILLIS;
    if (now != hour) {
      hour = now;
      thisHour = 0;
    }
    if (thisHour >= NEWCOMERS_AN_HOUR) {
      return;
    }
    thisHour++;
    if (newcomers.size() >= MAX_NEWCOMERS) {
      PeerId oldest = newcomers.iterator().next();
      newcomers.remove(oldest);
      graph.revoke(oldest, self, ALLOWANCE);
    }
    newcomers.add(asker);
    graph.grant(asker, self, ALLOWANCE);
  }

  /**
   * Takes a claim: work that both have signed, counted by the model's shape and the smaller claim.
   *
   * @return the work, if it counts: it is new, both signatures hold, and the model is known
   */
  public Optional<Work> take(CreditClaim claim) {
    Optional<ModelShape> shape = shapes.apply(claim.work().statement().model());
    if (shape.isEmpty()
        || claim.asker().equals(claim.work().hop())
        || !verifier.verify(
            claim.work().hop(), claim.work().statement().signedBytes(), claim.work().signature())
        || !verifier.verify(claim.asker(), claim.signedBytes(), claim.signature())) {
      return Optional.empty();
    }
    long megaflops = shape.get().megaflops(claim.work().statement().range(), claim.settled());
    Work work = new Work(claim.id(), claim.work().hop(), claim.asker(), megaflops);
    return take(work) ? Optional.of(work) : Optional.empty();
  }

  /**
   * Takes work whose two signatures were checked.
   *
   * @return whether it counts: it is new, and we or somebody who is owed by us or owes us takes
   *     part
   */
  public boolean take(Work work) {
    if (!concerns(work) || !seen.add(work.id())) {
      return false;
    }
    if (seen.size() > MAX_SEEN) {
      seen.remove(seen.iterator().next());
    }
    graph.served(work.asker(), work.server(), work.megaflops());
    return true;
  }

  /** What {@link #restore} takes back: for a file of one's own. */
  public byte[] toBytes() {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (DataOutputStream out = new DataOutputStream(bytes)) {
      out.writeInt(VERSION);
      out.write(self.key().bytes());
      out.writeInt(graph.size());
      graph.each((from, to, amount) -> {
        bytes.writeBytes(from.key().bytes());
        bytes.writeBytes(to.key().bytes());
        bytes.writeBytes(ByteBuffer.allocate(Long.BYTES).putLong(amount).array());
      });
      out.writeInt(newcomers.size());
      for (PeerId newcomer : newcomers) {
        out.write(newcomer.key().bytes());
      }
      out.writeInt(seen.size());
      for (Hash32 work : seen) {
        out.write(work.bytes());
      }
      return bytes.toByteArray();
    } catch (IOException impossible) {
      throw new IllegalStateException("writing to memory", impossible);
    }
  }

  /**
   * Fills an empty book with what was written; of another peer's book nothing.
   *
   * @throws FolkmootException BAD_FILE if these bytes are no book
   */
  public void restore(byte[] bytes) {
    try (DataInputStream in = new DataInputStream(new ByteArrayInputStream(bytes))) {
      if (in.readInt() != VERSION) {
        throw bad();
      }
      if (!peer(in).equals(self)) {
        return;
      }
      for (int left = count(in, CreditGraph.MAX_EDGES); left > 0; left--) {
        if (!graph.restore(peer(in), peer(in), in.readLong())) {
          throw bad();
        }
      }
      for (int left = count(in, MAX_NEWCOMERS); left > 0; left--) {
        newcomers.add(peer(in));
      }
      for (int left = count(in, MAX_SEEN); left > 0; left--) {
        seen.add(Hash32.of(in.readNBytes(Hash32.BYTES)));
      }
      if (in.read() >= 0) {
        throw bad();
      }
    } catch (IOException | IllegalArgumentException cutShort) {
      throw bad();
    }
  }

  private static PeerId peer(DataInputStream in) throws IOException {
    return new PeerId(Hash32.of(in.readNBytes(Hash32.BYTES)));
  }

  private static int count(DataInputStream in, int most) throws IOException {
    int count = in.readInt();
    if (count < 0 || count > most) {
      throw bad();
    }
    return count;
  }

  private static FolkmootException bad() {
    return new FolkmootException(
        FolkmootException.Code.BAD_FILE,
        "the file of credits is damaged: remove it, and the node begins a new one");
  }

  private boolean concerns(Work work) {
    if (work.server().equals(self) || work.asker().equals(self)) {
      return true;
    }
    // What strangers tell of each other can lead nowhere near us, and could fill the memory.
    Collection<PeerId> known = graph.edges(self).keySet();
    return known.contains(work.server()) || known.contains(work.asker());
  }
}
