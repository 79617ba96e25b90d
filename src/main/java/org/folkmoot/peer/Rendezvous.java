package org.folkmoot.peer;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.Consumer;
import java.util.random.RandomGenerator;
import org.folkmoot.base.Bounded;
import org.folkmoot.base.Loop;
import org.folkmoot.wire.Message;
import org.folkmoot.wire.Message.Contact;
import org.folkmoot.wire.PeerAddress;
import org.folkmoot.wire.PeerId;

/**
 * Keeps a peer among others: as long as it has too few links it dials those that it knows, from its
 * invite, its {@link PeerBook} and the {@link Membership}. No peer among them matters: as long as
 * two that once met are up, they find each other. All calls on the network's loop.
 */
public final class Rendezvous implements PeerNetwork.Listener {
  private static final long SECOND = 1_000_000_000L;

  /**
   * Links that are looked for: random graphs of this degree hold together when half of the peers
   * are gone.
   */
  private static final int WANTED = 8;

  /** With so many links no more are looked for that may need a relay. */
  private static final int ENOUGH = 3;

  /** How often a peer with too few links looks for more, plus a jitter as long. */
  private static final long LOOK_NANOS = SECOND;

  /** Dials at a time. */
  private static final int DIALS = 6;

  /** A dial that nothing was heard of is no longer counted. */
  private static final long DIAL_NANOS = 10 * SECOND;

  /** After a failed dial; then twice as long each time. */
  private static final long FIRST_WAIT_NANOS = 2 * SECOND;

  private static final long LONGEST_WAIT_NANOS = 300 * SECOND;

  /** Whoever has no link at all has nothing to lose by trying more often. */
  private static final long LONGEST_WAIT_ALONE_NANOS = 10 * SECOND;

  /** New acquaintances are written down this soon, so that a crash forgets little. */
  private static final long SAVE_NANOS = SECOND;

  /** Otherwise the book is written this often. */
  private static final long RENEW_NANOS = 60 * SECOND;

  private static final int MAX_TRIES = 2048;

  private final PeerNetwork network;
  private final Loop loop;
  private final Membership membership;
  private final PeerBook book;
  private final Consumer<byte[]> save;
  private final RandomGenerator random;
  // Of peers to whom there has been no link yet.
  private final Map<PeerId, List<PeerAddress>> introduced = new Bounded<>(MAX_TRIES);
  private final Map<PeerId, Tries> tries = new Bounded<>(MAX_TRIES);
  private final Map<PeerId, Long> dialling = new HashMap<>();
  private Loop.Timer look = () -> {};
  private Loop.Timer saving = () -> {};
  private boolean savingSoon;
  private boolean running;

  private static final class Tries {
    private int failed;
    private long lastNanos;
    private double jitter;
  }

  /**
   * A rendezvous that is not yet {@link #start started}.
   *
   * @param save writes the book's bytes away, without making the loop wait
   */
  public Rendezvous(
      PeerNetwork network,
      Membership membership,
      PeerBook book,
      Consumer<byte[]> save,
      RandomGenerator random) {
    this.network = network;
    this.membership = membership;
    this.book = book;
    this.save = save;
    this.random = random;
    loop = network.loop();
  }

  /** Begins to look for peers, and goes on until it is stopped. */
  public void start() {
    running = true;
    network.listen(this);
    look();
    renew();
  }

  /** Stops looking, and writes the book a last time. */
  public void stop() {
    if (running) {
      meet();
      save.accept(book.bytes());
      running = false;
      look.cancel();
      saving.cancel();
    }
  }

  /** Tells of peers that may be there: from an invite, or from the local network. */
  public void introduce(List<Contact> contacts) {
    for (Contact contact : contacts) {
      if (!contact.peer().equals(network.self()) && !contact.addresses().isEmpty()) {
        introduced.put(contact.peer(), contact.addresses());
        if (book.get(contact.peer()).isEmpty()) {
          book.put(new PeerBook.Entry(contact.peer(), loop.clockMillis(), contact.addresses()));
        }
        tries.remove(contact.peer());
      }
    }
    if (running) {
      look.cancel();
      look();
      saveSoon();
    }
  }

  private void look() {
    look = loop.after((long) (LOOK_NANOS * (1 + random.nextDouble())), this::look);
    long now = loop.nanoTime();
    dialling.values().removeIf(since -> now - since > DIAL_NANOS);
    int wanted = WANTED - network.connected().size() - dialling.size();
    int dials = Math.min(wanted, DIALS - dialling.size());
    if (dials <= 0) {
      return;
    }
    Map<PeerId, List<PeerAddress>> known = reachable();
    List<PeerId> order = new ArrayList<>();
    for (PeerId peer : known.keySet()) {
      if (due(peer, now)) {
        order.add(peer);
      }
    }
    for (PeerId peer : draw(order, dials)) {
      dialling.put(peer, now);
      network.know(peer, known.getOrDefault(peer, List.of()));
      network.connect(peer);
    }
  }

  /**
   * Whom to dial. First whom somebody has just told us of, before the many that may have gone since
   * they were met. Then half in the order of promise (announced lately, seen last) and half at
   * random, lest all dial the same few.
   */
  private List<PeerId> draw(List<PeerId> order, int dials) {
    List<PeerId> drawn = new ArrayList<>();
    for (PeerId peer : order) {
      if (drawn.size() < dials && introduced.containsKey(peer) && !tries.containsKey(peer)) {
        drawn.add(peer);
      }
    }
    order.removeAll(drawn);
    List<PeerId> promising = order.subList(0, Math.min((dials - drawn.size()) / 2, order.size()));
    drawn.addAll(promising);
    promising.clear();
    Collections.shuffle(order, Random.from(random));
    drawn.addAll(order.subList(0, Math.min(dials - drawn.size(), order.size())));
    return drawn;
  }

  /** Peers without a link and where they may be: introduced, announced, or met before. */
  private Map<PeerId, List<PeerAddress>> reachable() {
    Map<PeerId, List<PeerAddress>> known = new LinkedHashMap<>();
    membership
        .view()
        .forEach(member -> known.put(member.peer(), member.announcement().addresses()));
    introduced.forEach(known::putIfAbsent);
    book.entries().forEach(entry -> known.putIfAbsent(entry.peer(), entry.addresses()));
    // Who needs a relay dials by itself, and circuits are for who has something to say.
    boolean choosy = network.connected().size() >= ENOUGH;
    known.values().removeIf(addresses -> addresses.isEmpty() || (choosy && needsRelay(addresses)));
    known.keySet().removeAll(network.connected());
    known.remove(network.self());
    return known;
  }

  private static boolean needsRelay(List<PeerAddress> addresses) {
    return addresses.stream().anyMatch(at -> at.scheme() == PeerAddress.Scheme.RELAY);
  }

  private boolean due(PeerId peer, long now) {
    if (dialling.containsKey(peer)) {
      return false;
    }
    Tries before = tries.get(peer);
    if (before == null) {
      return true;
    }
    long longest = network.connected().isEmpty() ? LONGEST_WAIT_ALONE_NANOS : LONGEST_WAIT_NANOS;
    long wait = Math.min(longest, FIRST_WAIT_NANOS << Math.min(10, before.failed - 1));
    return now - before.lastNanos >= (long) (wait * before.jitter);
  }

  // ---- links

  @Override
  public void connected(PeerId peer) {
    dialling.remove(peer);
    tries.remove(peer);
    if (running && book.get(peer).isEmpty()) {
      saveSoon();
    }
  }

  @Override
  public void lost(PeerId peer, Message.Reason reason) {
    dialling.remove(peer);
    Tries again = tries.computeIfAbsent(peer, _ -> new Tries());
    again.failed++;
    again.lastNanos = loop.nanoTime();
    again.jitter = 0.75 + 0.5 * random.nextDouble();
  }

  // ---- the book

  /** Notes who is there. */
  private void meet() {
    Map<PeerId, List<PeerAddress>> announced = new HashMap<>();
    membership.view().stream()
        .filter(Membership.Member::connected)
        .forEach(member -> announced.put(member.peer(), member.announcement().addresses()));
    for (PeerId peer : network.connected()) {
      List<PeerAddress> addresses = announced.getOrDefault(peer, List.of());
      if (addresses.isEmpty()) {
        addresses =
            book.get(peer)
                .map(PeerBook.Entry::addresses)
                .orElse(introduced.getOrDefault(peer, List.of()));
      }
      book.put(new PeerBook.Entry(peer, loop.clockMillis(), addresses));
    }
  }

  private void saveSoon() {
    if (!savingSoon) {
      savingSoon = true;
      saving.cancel();
      saving = loop.after(SAVE_NANOS, this::renew);
    }
  }

  private void renew() {
    savingSoon = false;
    saving = loop.after(RENEW_NANOS, this::renew);
    meet();
    save.accept(book.bytes());
  }
}
