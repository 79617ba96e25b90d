package org.folkmoot.ledger;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.BiPredicate;
import java.util.function.UnaryOperator;
import org.folkmoot.base.Loop;
import org.folkmoot.ledger.note.NoteKey;
import org.folkmoot.peer.Identity;
import org.folkmoot.peer.PeerNetwork;
import org.folkmoot.testing.VirtualTime;
import org.folkmoot.wire.Message;
import org.folkmoot.wire.MessageCodec;
import org.folkmoot.wire.PeerAddress;
import org.folkmoot.wire.PeerId;

/** Members with ledgers of their own, in one process and in virtual time. */
final class FeedSwarm implements AutoCloseable {
  static final long SECOND = VirtualTime.SECOND;
  private static final long LATENCY = SECOND / 20;

  private final VirtualTime time = new VirtualTime();
  private final Random random;
  private final Path folder;
  private final Map<PeerId, Member> byId = new HashMap<>();
  final List<Member> members = new ArrayList<>();

  /** Witnesses that are no members, whose keys all members have. */
  Set<NoteKey> others = Set.of();

  long bytes;
  long messages;

  FeedSwarm(Path folder, long seed) {
    this.folder = folder;
    random = new Random(seed);
  }

  void pass(long nanos) {
    time.passNanos(nanos);
  }

  Member add(boolean cosigns) {
    Member member = new Member(Identities.of(100 + members.size()), cosigns);
    members.add(member);
    byId.put(member.self(), member);
    return member;
  }

  /** Links each member with some others; the ring makes sure that all are reached. */
  void link(int each) {
    for (int i = 0; i < members.size(); i++) {
      members.get(i).link(members.get((i + 1) % members.size()));
      for (int k = 1; k < each; k++) {
        members.get(i).link(members.get(random.nextInt(members.size())));
      }
    }
  }

  /** Ends the links between those who cannot reach each other. */
  void cut(BiPredicate<Member, Member> reach) {
    for (Member one : members) {
      for (PeerId other : List.copyOf(one.links)) {
        if (!reach.test(one, byId.get(other))) {
          one.unlink(java.util.Objects.requireNonNull(byId.get(other)));
        }
      }
    }
  }

  @Override
  public void close() {
    members.forEach(member -> member.store.close());
  }

  final class Member implements PeerNetwork {
    final Identity identity;
    final LedgerStore store;
    final OwnFeed feed;
    private final Optional<Witness> witness;
    FeedExchange exchange;

    /** What this member says instead of what it should; nothing for silence. */
    UnaryOperator<Message> lie = message -> message;

    private final Set<PeerId> links = new TreeSet<>();
    private final List<Listener> listeners = new ArrayList<>();
    private final Loop loop = time.loop(0);

    private Member(Identity identity, boolean cosigns) {
      this.identity = identity;
      store = LedgerStore.open(folder.resolve("m" + members.size()), identity);
      feed = new OwnFeed(store, identity);
      witness =
          cosigns
              ? Optional.of(
                  new Witness(
                      store,
                      identity,
                      () -> java.time.Instant.ofEpochMilli(loop.clockMillis()),
                      origin -> FeedName.peer(origin).map(FeedName::key),
                      fork -> exchange.accuse(fork)))
              : Optional.empty();
      exchange = exchange();
      exchange.start();
    }

    private FeedExchange exchange() {
      return new FeedExchange(
          this, store, witness, others, _ -> true, Runnable::run, new Random(random.nextLong()));
    }

    /** Begins anew, as a process does that finds its store as it is. */
    void restart() {
      exchange.stop();
      exchange = exchange();
      exchange.start();
    }

    void link(Member other) {
      if (other != this && links.add(other.self())) {
        other.links.add(self());
        listeners.forEach(listener -> listener.connected(other.self()));
        other.listeners.forEach(listener -> listener.connected(self()));
      }
    }

    void unlink(Member other) {
      if (links.remove(other.self())) {
        other.links.remove(self());
        listeners.forEach(listener -> listener.lost(other.self(), Message.Reason.UNREACHABLE));
        other.listeners.forEach(listener -> listener.lost(self(), Message.Reason.UNREACHABLE));
      }
    }

    @Override
    public PeerId self() {
      return identity.peerId();
    }

    @Override
    public Loop loop() {
      return loop;
    }

    @Override
    public void listen(Listener listener) {
      listeners.add(listener);
    }

    @Override
    public void ignore(Listener listener) {
      listeners.remove(listener);
    }

    @Override
    public void know(PeerId peer, List<PeerAddress> addresses) {}

    @Override
    public void hint(PeerId peer, List<PeerAddress> addresses) {}

    @Override
    public void send(PeerId to, Message message) {
      Member other = byId.get(to);
      if (other == null || !links.contains(to)) {
        return;
      }
      byte[] frame = MessageCodec.encode(lie.apply(message));
      bytes += frame.length;
      messages++;
      time.after(
          LATENCY,
          () -> {
            if (other.links.contains(self())) {
              Message read;
              try {
                read = MessageCodec.decode(frame);
              } catch (org.folkmoot.wire.WireException impossible) {
                throw new AssertionError(impossible);
              }
              List.copyOf(other.listeners).forEach(l -> l.received(self(), read));
            }
          });
    }

    @Override
    public void connect(PeerId peer) {}

    @Override
    public void watch(PeerId peer) {}

    @Override
    public void unwatch(PeerId peer) {}

    @Override
    public Set<PeerId> connected() {
      return new HashSet<>(links);
    }

    @Override
    public OptionalLong roundTripNanos(PeerId peer) {
      return OptionalLong.empty();
    }
  }
}
