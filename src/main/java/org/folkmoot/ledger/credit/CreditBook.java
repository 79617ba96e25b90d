package org.folkmoot.ledger.credit;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.function.Function;
import java.util.function.LongSupplier;
import org.folkmoot.base.Bounded;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.base.Hash32;
import org.folkmoot.peer.Verifier;
import org.folkmoot.wire.CreditClaim;
import org.folkmoot.wire.ModelId;
import org.folkmoot.wire.PeerId;

/**
 * One peer's view of who is owed what: works that it takes part in, or reads of in the feeds of
 * those it has to do with, each once, in the order in which they came. Two peers' views differ as
 * far as what they have heard does; each hop decides by its own.
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

  /** Former newcomers remembered: at most so many new ones come in ten days. */
  static final int MAX_FORMER = 16_384;

  /** Works remembered, so that none counts twice: two megabytes. */
  static final int MAX_SEEN = 32_768;

  /** Feeds of which is known how far they were read: of all who have an edge with us, and more. */
  private static final int MAX_FEEDS = 4 * CreditGraph.MAX_EDGES_OF_A_PEER;

  private static final int VERSION = 2;

  /** Without how far feeds were read. */
  private static final int FIRST_VERSION = 1;

  private static final long HOUR_MILLIS = 3_600_000;

  private final PeerId self;
  private final Verifier verifier;
  private final Function<ModelId, Optional<ModelShape>> shapes;
  private final LongSupplier clockMillis;
  private final CreditGraph graph = new CreditGraph();
  private final Set<PeerId> newcomers = new LinkedHashSet<>();

  /** Who was a newcomer once, and is none again: an allowance does not come back. */
  private final Set<PeerId> former = new LinkedHashSet<>();

  /** Works that we took part in. */
  private final Set<Hash32> seen = new LinkedHashSet<>();

  /** Works among others: apart, so that they cannot push out ours. */
  private final Set<Hash32> heard = new LinkedHashSet<>();

  private final Map<PeerId, Long> read = new Bounded<>(MAX_FEEDS);
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
    if (asker.equals(self) || newcomers.contains(asker) || former.contains(asker)) {
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
      former.add(oldest);
      if (former.size() > MAX_FORMER) {
        former.remove(former.iterator().next());
      }
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
    OptionalLong megaflops = megaflops(claim);
    if (megaflops.isEmpty() || !CreditEntries.isSigned(claim, verifier)) {
      return Optional.empty();
    }
    Work work = new Work(claim.id(), claim.work().hop(), claim.asker(), megaflops.getAsLong());
    return take(work) ? Optional.of(work) : Optional.empty();
  }

  /** What a work is worth, where its model's shape is known. */
  private OptionalLong megaflops(CreditClaim claim) {
    return shapes
        .apply(claim.work().statement().model())
        .map(shape ->
            OptionalLong.of(shape.megaflops(claim.work().statement().range(), claim.settled())))
        .orElse(OptionalLong.empty());
  }

  /**
   * Takes work whose two signatures were checked.
   *
   * @return whether it counts: it is new, and we or somebody who is owed by us or owes us takes
   *     part
   */
  public boolean take(Work work) {
    return concerns(work) && count(work);
  }

  private boolean count(Work work) {
    Set<Hash32> known = isOurs(work) ? seen : heard;
    if (!known.add(work.id())) {
      return false;
    }
    if (known.size() > MAX_SEEN) {
      known.remove(known.iterator().next());
    }
    graph.served(work.asker(), work.server(), work.megaflops());
    return true;
  }

  // ---- what feeds tell

  /** Whether a feed's works matter here: it is ours, or its member has an edge with us. */
  public boolean follows(PeerId feed) {
    return feed.equals(self) || graph.edges(self).containsKey(feed);
  }

  /** How far a feed was read. */
  public long read(PeerId feed) {
    return read.getOrDefault(feed, 0L);
  }

  /**
   * Takes the next page of a feed. Each work has one feed that it counts by: our own where we took
   * part, else that of the asker, who says what it owes. So a work is not counted twice because
   * both write it down, and who repeats or overstates it makes debts of its own only.
   *
   * @return how many works counted
   */
  public int take(CreditPage page) {
    if (page.from() != read(page.feed()) || page.to() < page.from()) {
      return 0;
    }
    read.put(page.feed(), page.to());
    int counted = 0;
    for (CreditEntries.Told told : page.works()) {
      Work work = told.work(megaflops(told.claim()).orElse(Long.MAX_VALUE));
      PeerId source = isOurs(work) ? self : work.asker();
      if (source.equals(page.feed()) && take(work)) {
        counted++;
      }
    }
    return counted;
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
      writePeers(out, newcomers);
      write(out, seen);
      write(out, heard);
      writePeers(out, former);
      out.writeInt(read.size());
      for (Map.Entry<PeerId, Long> feed : read.entrySet()) {
        out.write(feed.getKey().key().bytes());
        out.writeLong(feed.getValue());
      }
      return bytes.toByteArray();
    } catch (IOException impossible) {
      throw new IllegalStateException("writing to memory", impossible);
    }
  }

  private static void writePeers(DataOutputStream out, Set<PeerId> peers) throws IOException {
    out.writeInt(peers.size());
    for (PeerId peer : peers) {
      out.write(peer.key().bytes());
    }
  }

  private static void write(DataOutputStream out, Set<Hash32> works) throws IOException {
    out.writeInt(works.size());
    for (Hash32 work : works) {
      out.write(work.bytes());
    }
  }

  /**
   * Fills an empty book with what was written; of another peer's book nothing.
   *
   * @throws FolkmootException BAD_FILE if these bytes are no book
   */
  public void restore(byte[] bytes) {
    try (DataInputStream in = new DataInputStream(new ByteArrayInputStream(bytes))) {
      int version = in.readInt();
      if (version != VERSION && version != FIRST_VERSION) {
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
      works(in, seen);
      if (version != FIRST_VERSION) {
        works(in, heard);
        for (int left = count(in, MAX_FORMER); left > 0; left--) {
          former.add(peer(in));
        }
        for (int left = count(in, MAX_FEEDS); left > 0; left--) {
          read.put(peer(in), in.readLong());
        }
      }
      if (in.read() >= 0) {
        throw bad();
      }
    } catch (IOException | IllegalArgumentException cutShort) {
      throw bad();
    }
  }

  private static void works(DataInputStream in, Set<Hash32> works) throws IOException {
    for (int left = count(in, MAX_SEEN); left > 0; left--) {
      works.add(Hash32.of(in.readNBytes(Hash32.BYTES)));
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
    if (isOurs(work)) {
      return true;
    }
    // What strangers tell of each other can lead nowhere near us, and could fill the memory.
    Collection<PeerId> known = graph.edges(self).keySet();
    return known.contains(work.server()) || known.contains(work.asker());
  }

  private boolean isOurs(Work work) {
    return work.server().equals(self) || work.asker().equals(self);
  }
}
