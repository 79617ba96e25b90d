package org.folkmoot.peer;

import static org.folkmoot.wire.Message.Reason.LIMIT;
import static org.folkmoot.wire.Message.Reason.MALFORMED;
import static org.folkmoot.wire.Message.Reason.SWARM;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Random;
import java.util.random.RandomGenerator;
import org.folkmoot.base.Loop;
import org.folkmoot.wire.Announcement;
import org.folkmoot.wire.Limits;
import org.folkmoot.wire.Message;
import org.folkmoot.wire.Message.Gossip;
import org.folkmoot.wire.Message.GossipDigest;
import org.folkmoot.wire.Message.GossipWant;
import org.folkmoot.wire.MessageCodec;
import org.folkmoot.wire.Offer;
import org.folkmoot.wire.PeerAddress;
import org.folkmoot.wire.PeerId;
import org.folkmoot.wire.SignedAnnouncement;
import org.folkmoot.wire.SwarmId;
import org.folkmoot.wire.WireException;
import org.jspecify.annotations.Nullable;

/**
 * Who is in the swarm and what they serve, as far as this peer has heard. Each peer signs an
 * announcement about itself, renews it before it runs out, and hands it to the peers it has links
 * to; they pass on at once what is news (rumour mongering), and all compare what they have with one
 * of their neighbours every few seconds (anti-entropy; Demers et al. 1987).
 *
 * <p>What one peer spends does not grow with the swarm beyond the size of its directory: what is
 * kept, compared, passed on and checked is all bounded.
 *
 * <p>All calls on the network's loop.
 */
public final class Membership {
  /** How long an announcement holds without being renewed: two renewals. */
  public static final int TTL_SECONDS = 240;

  /** How wrong a peer's clock may be. */
  public static final long MAX_SKEW_MILLIS = 600_000;

  /** Peers that are kept: enough to choose from, in a swarm of any size. */
  public static final int MAX_PEERS = 512;

  private static final long SECOND = 1_000_000_000L;
  private static final long REFRESH_NANOS = TTL_SECONDS / 2 * SECOND;

  /** How often we compare with somebody. */
  private static final long EXCHANGE_NANOS = 10 * SECOND;

  /** One comparison in so many is with a peer to whom there is no link, lest islands form. */
  private static final int STRANGER_EVERY = 8;

  /** Who gets our own announcement from us: as many as make it known everywhere soon. */
  private static final int DIRECT = 16;

  /** To how many news is passed on: three reach almost everybody. */
  private static final int FANOUT = 3;

  /** News is what was said in the last half minute; the rest comes by comparing. */
  private static final long NEWS_MILLIS = 30_000;

  /**
   * Entries of a comparison: so many and a part of what is known; half of them what changed last,
   * half at random. In the time of a comparison a twelfth of a directory is renewed.
   */
  private static final int DIGEST = 16;

  private static final int DIGEST_PART = 6;

  /** Peers never heard of that are asked for in a comparison when the directory is full. */
  private static final int STRANGERS = 8;

  /** Comparisons in a row while the other side still has more: the whole directory. */
  private static final int SYNC_ROUNDS = MAX_PEERS / Limits.MAX_GOSSIP;

  /** Those who misbehave are not listened to for ten minutes. */
  private static final long IGNORE_NANOS = 600 * SECOND;

  private static final int MAX_REMEMBERED = 1024;

  /** Told what happens, on the loop. */
  public interface Listener {
    /** The {@link #view} is another. */
    default void changed() {}

    /** A peer broke the rules: better to have no link to it for a while. */
    default void misbehaved(PeerId peer, Message.Reason reason) {}
  }

  /**
   * A peer of the swarm.
   *
   * @param connected whether there is a link to it
   * @param heardNanos when its announcement came, by the loop's clock
   */
  public record Member(Announcement announcement, boolean connected, long heardNanos) {
    /** Which peer. */
    public PeerId peer() {
      return announcement.peer();
    }
  }

  /** What a neighbour may cost us. */
  private static final class Neighbour {
    // A full directory at once and then some; a few a second are more than honest peers send.
    private final TokenBucket taken;
    private final TokenBucket given;
    private final TokenBucket compared;
    private int rounds;
    private long ignoredUntilNanos;
    private boolean ignored;

    Neighbour(long now) {
      taken = new TokenBucket(2 * MAX_PEERS, 50, now);
      given = new TokenBucket(2 * MAX_PEERS, 50, now);
      compared = new TokenBucket(2 * SYNC_ROUNDS, 0.5, now);
    }
  }

  private final PeerNetwork network;
  private final Loop loop;
  private final PeerId self;
  private final SwarmId swarm;
  private final Signer signer;
  private final Verifier verifier;
  private final RandomGenerator random;
  private final Directory directory;
  private final Map<PeerId, Neighbour> neighbours = new Bounded<>(MAX_REMEMBERED);
  private final List<Listener> listeners = new ArrayList<>();
  private final TokenBucket ownPace;
  private final TokenBucket newsPace;
  private List<Offer> offers = List.of();
  private List<PeerAddress> addresses = List.of();
  private @Nullable SignedAnnouncement own;
  private @Nullable Announcement ownSaid;
  private long sequence;
  private boolean running;
  private Loop.Timer refresh = () -> {};
  private Loop.Timer exchange = () -> {};
  private @Nullable List<Member> view;

  /** A membership that is not yet {@link #start started}. */
  public Membership(
      PeerNetwork network,
      SwarmId swarm,
      Signer signer,
      Verifier verifier,
      RandomGenerator random) {
    this.network = network;
    this.swarm = swarm;
    this.signer = signer;
    this.verifier = verifier;
    this.random = random;
    loop = network.loop();
    self = signer.peerId();
    directory = new Directory(MAX_PEERS, random, peer -> network.connected().contains(peer));
    // As often as others take it; see hearPace.
    ownPace = new TokenBucket(3, 0.1, loop.nanoTime());
    newsPace = new TokenBucket(60, 2, loop.nanoTime());
  }

  /** Adds a listener. */
  public void listen(Listener listener) {
    listeners.add(listener);
  }

  /** Begins to announce and to listen. */
  public void start() {
    running = true;
    network.listen(
        new PeerNetwork.Listener() {
          @Override
          public void received(PeerId from, Message message) {
            if (running) {
              Membership.this.received(from, message);
            }
          }

          @Override
          public void connected(PeerId peer) {
            if (running) {
              Membership.this.connected(peer);
            }
          }

          @Override
          public void lost(PeerId peer, Message.Reason reason) {
            if (running) {
              Membership.this.lost(peer);
            }
          }
        });
    announce();
    scheduleExchange();
    network.connected().forEach(this::connected);
  }

  /** Says what we serve from now on; told to others soon if it differs much. */
  public void offer(List<Offer> offers) {
    this.offers = List.copyOf(offers);
    changedOwn();
  }

  /** Says where we can be reached from now on, best first. */
  public void addresses(List<PeerAddress> addresses) {
    this.addresses = List.copyOf(addresses);
    changedOwn();
  }

  /** Tells others that we are going, and falls silent. */
  public void leave() {
    if (running) {
      publish(new Announcement(swarm, self, nextSequence(), 0, List.of(), List.of()));
      stop();
    }
  }

  /** Falls silent without a word. */
  public void stop() {
    running = false;
    refresh.cancel();
    exchange.cancel();
  }

  /**
   * The peers that are there as far as is known, without ourselves: heard of lately and not since
   * found to be out of reach.
   */
  public List<Member> view() {
    List<Member> members = view;
    if (members == null) {
      long now = loop.nanoTime();
      members =
          directory.entries().stream()
              .filter(entry -> !entry.lost() && entry.expiresNanos - now > 0)
              .map(entry ->
                  new Member(
                      entry.announcement,
                      network.connected().contains(entry.announcement.peer()),
                      entry.heardNanos))
              .toList();
      view = members;
    }
    return members;
  }

  /** What we say about ourselves; empty before the start. */
  public Optional<Announcement> own() {
    return Optional.ofNullable(ownSaid);
  }

  // ---- our own announcement

  private void changedOwn() {
    Announcement before = ownSaid;
    if (running
        && before != null
        && (!before.addresses().equals(addresses) || Changes.material(before.offers(), offers))) {
      announce();
    }
  }

  /** Now if that is not too often, else as soon as it is not. */
  private void announce() {
    refresh.cancel();
    long now = loop.nanoTime();
    if (ownPace.take(1, now)) {
      publish(new Announcement(swarm, self, nextSequence(), TTL_SECONDS, addresses, offers));
      long next = (long) (REFRESH_NANOS * (0.9 + 0.2 * random.nextDouble()));
      refresh = loop.after(next, this::announce);
    } else {
      refresh = loop.after(ownPace.nanosUntilOne(now), this::announce);
    }
  }

  private long nextSequence() {
    sequence = Math.max(loop.clockMillis(), sequence + 1);
    return sequence;
  }

  private void publish(Announcement announcement) {
    Announcement said = Changes.fitting(announcement);
    byte[] body = MessageCodec.encode(said);
    SignedAnnouncement signed =
        new SignedAnnouncement(body, signer.sign(SignedAnnouncement.signedBytes(body)));
    ownSaid = said;
    own = signed;
    for (PeerId peer : some(DIRECT, self, self)) {
      network.send(peer, new Gossip(List.of(signed)));
    }
  }

  // ---- what comes

  private void received(PeerId from, Message message) {
    if (from.equals(self)) {
      return;
    }
    switch (message) {
      case Gossip gossip when listened(from) -> take(from, gossip);
      case GossipDigest digest when listened(from) -> compare(from, digest);
      case GossipWant want when listened(from) -> give(from, want.peers());
      default -> {
        // Not about membership, or from one who is not listened to.
        return;
      }
    }
  }

  private Neighbour neighbour(PeerId peer) {
    return neighbours.computeIfAbsent(peer, _ -> new Neighbour(loop.nanoTime()));
  }

  private boolean listened(PeerId peer) {
    Neighbour neighbour = neighbour(peer);
    if (neighbour.ignored && loop.nanoTime() - neighbour.ignoredUntilNanos >= 0) {
      neighbour.ignored = false;
    }
    return !neighbour.ignored;
  }

  private void ignore(PeerId peer, Message.Reason reason) {
    Neighbour neighbour = neighbour(peer);
    neighbour.ignored = true;
    neighbour.ignoredUntilNanos = loop.nanoTime() + IGNORE_NANOS;
    listeners.forEach(listener -> listener.misbehaved(peer, reason));
  }

  private void take(PeerId from, Gossip gossip) {
    boolean changed = false;
    for (SignedAnnouncement signed : gossip.announcements()) {
      if (!neighbour(from).taken.take(1, loop.nanoTime())) {
        ignore(from, LIMIT);
        break;
      }
      Optional<Message.Reason> fault = Optional.empty();
      try {
        Announcement announcement = MessageCodec.announcement(signed.body());
        if (!announcement.swarm().equals(swarm)) {
          fault = Optional.of(SWARM);
        } else if (worthChecking(announcement)) {
          if (verifier.verify(
              announcement.peer(),
              SignedAnnouncement.signedBytes(signed.body()),
              signed.signature())) {
            changed |= hear(from, signed, announcement);
          } else {
            fault = Optional.of(MALFORMED);
          }
        }
      } catch (WireException noAnnouncement) {
        fault = Optional.of(noAnnouncement.reason());
      }
      if (fault.isPresent()) {
        ignore(from, fault.get());
        break;
      }
    }
    if (changed) {
      changed();
    }
    boolean more = gossip.announcements().size() == Limits.MAX_GOSSIP;
    if (more && listened(from) && ++neighbour(from).rounds < SYNC_ROUNDS) {
      network.send(from, digest());
    }
  }

  /** What is old, of the future or long past is not worth a signature check, nor is it a fault. */
  private boolean worthChecking(Announcement announcement) {
    OptionalLong known =
        announcement.peer().equals(self)
            ? OptionalLong.of(sequence)
            : directory.sequence(announcement.peer());
    long now = loop.clockMillis();
    return (known.isEmpty() || announcement.sequence() > known.getAsLong())
        && announcement.sequence() <= now + MAX_SKEW_MILLIS
        && remainingMillis(announcement) > 0;
  }

  /** It holds from when it is first heard, but not beyond its own date, as clocks may differ. */
  private long remainingMillis(Announcement announcement) {
    long ttl = 1000L * Math.min(TTL_SECONDS, announcement.ttlSeconds());
    return Math.min(
        Math.max(1, ttl), announcement.sequence() + ttl + MAX_SKEW_MILLIS - loop.clockMillis());
  }

  /** Takes in an announcement that is newer and genuine; says whether that changes the view. */
  private boolean hear(PeerId from, SignedAnnouncement signed, Announcement announcement) {
    PeerId peer = announcement.peer();
    if (peer.equals(self)) {
      // From an earlier run, whose clock was ahead: ours has to be newer.
      sequence = announcement.sequence();
      announce();
      return false;
    }
    Directory.Entry before = directory.get(peer);
    boolean unheard = directory.sequence(peer).isEmpty();
    long now = loop.nanoTime();
    TokenBucket pace = before == null ? hearPace() : before.pace;
    if (!pace.take(1, now)) {
      return false;
    }
    if (announcement.ttlSeconds() == 0) {
      directory.bury(peer, announcement.sequence());
      passOn(from, signed, announcement);
      return before != null;
    }
    long behind = loop.clockMillis() - announcement.sequence();
    long skew = from.equals(peer) ? behind : before == null ? 0 : before.skewMillis;
    Directory.Entry entry =
        new Directory.Entry(
            signed, announcement, now, now + 1_000_000 * remainingMillis(announcement), skew, pace);
    if (before != null && before.lost() && announcement.sequence() + skew < before.lostMillis) {
      // It was said before the peer was lost, and came the long way round.
      entry.lostMillis = before.lostMillis;
    }
    Optional<PeerId> out = directory.put(entry);
    out.filter(other -> !network.connected().contains(other))
        .ifPresent(other -> network.know(other, List.of()));
    if (out.isPresent() && out.get().equals(peer)) {
      return false;
    }
    if (!announcement.addresses().isEmpty()) {
      network.know(peer, announcement.addresses());
    }
    if (unheard
        || (before != null
            && Changes.material(before.announcement.offers(), announcement.offers()))) {
      passOn(from, signed, announcement);
    }
    return true;
  }

  /** A peer may say something new every ten seconds, and a little more at once. */
  private TokenBucket hearPace() {
    return new TokenBucket(5, 0.1, loop.nanoTime());
  }

  private void passOn(PeerId from, SignedAnnouncement signed, Announcement announcement) {
    boolean news = loop.clockMillis() - announcement.sequence() < NEWS_MILLIS;
    if (news && newsPace.take(1, loop.nanoTime())) {
      for (PeerId peer : some(FANOUT, from, announcement.peer())) {
        network.send(peer, new Gossip(List.of(signed)));
      }
    }
  }

  /** Some of the peers to whom there is a link, but not these two. */
  private List<PeerId> some(int most, PeerId not, PeerId nor) {
    List<PeerId> linked = new ArrayList<>(network.connected());
    linked.removeAll(List.of(not, nor, self));
    // Sets have no order of their own; the draw must depend on the seed only.
    Collections.sort(linked);
    Collections.shuffle(linked, Random.from(random));
    return linked.subList(0, Math.min(most, linked.size()));
  }

  // ---- comparing

  private void scheduleExchange() {
    long next = (long) (EXCHANGE_NANOS * (0.75 + 0.5 * random.nextDouble()));
    exchange =
        loop.after(
            next,
            () -> {
              scheduleExchange();
              expire();
              exchange();
            });
  }

  private void exchange() {
    List<PeerId> partner = some(1, self, self);
    if (partner.isEmpty() || random.nextInt(STRANGER_EVERY) == 0) {
      partner = directory.any().filter(this::reachable).map(List::of).orElse(partner);
    }
    for (PeerId peer : partner) {
      neighbour(peer).rounds = 0;
      network.send(peer, digest());
    }
  }

  private boolean reachable(PeerId peer) {
    Directory.Entry entry = directory.get(peer);
    return entry != null && !entry.lost() && !entry.announcement.addresses().isEmpty();
  }

  private void expire() {
    List<PeerId> expired = directory.expire(loop.nanoTime());
    for (PeerId peer : expired) {
      if (!network.connected().contains(peer)) {
        network.know(peer, List.of());
      }
    }
    if (!expired.isEmpty()) {
      changed();
    }
  }

  private GossipDigest digest() {
    List<Directory.Entry> known =
        new ArrayList<>(directory.entries().stream().filter(entry -> !entry.lost()).toList());
    int most = DIGEST + known.size() / DIGEST_PART;
    boolean whole = known.size() < most;
    if (!whole) {
      known.sort(
          Comparator.comparingLong((Directory.Entry entry) -> entry.heardNanos)
              .reversed()
              .thenComparing(entry -> entry.announcement.peer()));
      Collections.shuffle(known.subList(most / 2, known.size()), Random.from(random));
      known = known.subList(0, most - 1);
    }
    Map<PeerId, Long> sequences = new LinkedHashMap<>();
    known.forEach(entry -> sequences.put(entry.announcement.peer(), entry.announcement.sequence()));
    sequences.put(self, sequence);
    return new GossipDigest(sequences, whole);
  }

  private void compare(PeerId from, GossipDigest digest) {
    if (!neighbour(from).compared.take(1, loop.nanoTime())) {
      return;
    }
    List<PeerId> theyLack = new ArrayList<>();
    if (lacks(digest, self, sequence)) {
      theyLack.add(self);
    }
    for (Directory.Entry entry : directory.entries()) {
      PeerId peer = entry.announcement.peer();
      if (lacks(digest, peer, entry.announcement.sequence()) && !peer.equals(from)) {
        theyLack.add(peer);
      }
    }
    Collections.shuffle(theyLack, Random.from(random));
    give(from, theyLack);
    List<PeerId> weLack = new ArrayList<>();
    List<PeerId> strangers = new ArrayList<>();
    digest
        .sequences()
        .forEach((peer, theirs) -> {
          OptionalLong ours = directory.sequence(peer);
          boolean newer = ours.isEmpty() || theirs > ours.getAsLong();
          if (newer && !peer.equals(self)) {
            (directory.get(peer) == null ? strangers : weLack).add(peer);
          }
        });
    // A map's order is not the seed's.
    Collections.sort(weLack);
    Collections.sort(strangers);
    Collections.shuffle(strangers, Random.from(random));
    weLack.addAll(
        directory.full() ? strangers.subList(0, Math.min(STRANGERS, strangers.size())) : strangers);
    if (!weLack.isEmpty()) {
      network.send(
          from, new GossipWant(weLack.subList(0, Math.min(Limits.MAX_GOSSIP, weLack.size()))));
    }
  }

  private static boolean lacks(GossipDigest digest, PeerId peer, long sequence) {
    Long theirs = digest.sequences().get(peer);
    return theirs == null ? digest.whole() : theirs < sequence;
  }

  private void give(PeerId to, List<PeerId> peers) {
    List<SignedAnnouncement> given = new ArrayList<>();
    for (PeerId peer : peers) {
      Directory.Entry entry = directory.get(peer);
      SignedAnnouncement signed =
          peer.equals(self) ? own : entry == null || entry.lost() ? null : entry.signed;
      if (signed != null
          && given.size() < Limits.MAX_GOSSIP
          && neighbour(to).given.take(1, loop.nanoTime())) {
        given.add(signed);
      }
    }
    if (!given.isEmpty()) {
      network.send(to, new Gossip(given));
    }
  }

  // ---- links

  private void connected(PeerId peer) {
    Directory.Entry entry = directory.get(peer);
    if (entry != null) {
      entry.lostMillis = 0;
    }
    changed();
    SignedAnnouncement announcement = own;
    if (announcement != null) {
      network.send(peer, new Gossip(List.of(announcement)));
    }
    neighbour(peer).rounds = 0;
    network.send(peer, digest());
  }

  private void lost(PeerId peer) {
    Directory.Entry entry = directory.get(peer);
    if (entry != null) {
      entry.lostMillis = loop.clockMillis();
    }
    changed();
  }

  private void changed() {
    view = null;
    listeners.forEach(Listener::changed);
  }
}
