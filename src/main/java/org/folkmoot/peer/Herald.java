package org.folkmoot.peer;

import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.random.RandomGenerator;
import org.folkmoot.base.Hash32;
import org.folkmoot.base.Loop;
import org.folkmoot.wire.Announcement;
import org.folkmoot.wire.MessageCodec;
import org.folkmoot.wire.Offer;
import org.folkmoot.wire.PeerAddress;
import org.folkmoot.wire.SignedAnnouncement;
import org.folkmoot.wire.SwarmId;

/** Says who we are: signs our announcement, renews it, and sees to it that it is not too often. */
final class Herald {
  /** Twice before it runs out. */
  private static final double REFRESH_NANOS = Membership.TTL_SECONDS / 2 * 1e9;

  private final Loop loop;
  private final SwarmId swarm;
  private final Signer signer;
  private final RandomGenerator random;
  private final Consumer<SignedAnnouncement> publish;
  private final TokenBucket pace;
  private List<Offer> offers = List.of();
  private List<PeerAddress> addresses = List.of();
  private Optional<Hash32> policy = Optional.empty();
  private Optional<Announcement> said = Optional.empty();
  private Optional<SignedAnnouncement> signed = Optional.empty();
  private long sequence;
  private boolean running;
  private Loop.Timer refresh = () -> {};

  Herald(
      Loop loop,
      SwarmId swarm,
      Signer signer,
      RandomGenerator random,
      Consumer<SignedAnnouncement> publish) {
    this.loop = loop;
    this.swarm = swarm;
    this.signer = signer;
    this.random = random;
    this.publish = publish;
    // A little less than others take of one peer.
    pace = new TokenBucket(3, Membership.NEWS_PER_SECOND, loop.nanoTime());
  }

  /** What was said last. */
  Optional<Announcement> said() {
    return said;
  }

  /** The same, signed. */
  Optional<SignedAnnouncement> signed() {
    return signed;
  }

  long sequence() {
    return sequence;
  }

  void start() {
    running = true;
    announce();
  }

  void stop() {
    running = false;
    refresh.cancel();
  }

  /** The last words: that we are gone. */
  void leave() {
    stop();
    say(new Announcement(swarm, signer.peerId(), nextSequence(), 0, List.of(), List.of()));
  }

  void offer(List<Offer> offers) {
    this.offers = List.copyOf(offers);
    sayIfMaterial();
  }

  void addresses(List<PeerAddress> addresses) {
    this.addresses = List.copyOf(addresses);
    sayIfMaterial();
  }

  void declare(Optional<Hash32> declared) {
    policy = declared;
    if (running && said.isPresent()) {
      announce();
    }
  }

  /** An earlier run of ours, whose clock was ahead, has said something: ours has to be newer. */
  void outdo(long earlier) {
    sequence = Math.max(sequence, earlier);
    announce();
  }

  private void sayIfMaterial() {
    if (running
        && said.isPresent()
        && (!said.get().addresses().equals(addresses)
            || Changes.material(said.get().offers(), offers))) {
      announce();
    }
  }

  /** Now if that is not too often, else as soon as it is not. */
  private void announce() {
    refresh.cancel();
    long now = loop.nanoTime();
    if (pace.take(1, now)) {
      say(
          new Announcement(
              swarm,
              signer.peerId(),
              nextSequence(),
              Membership.TTL_SECONDS,
              addresses,
              offers,
              policy));
      refresh =
          loop.after((long) (REFRESH_NANOS * (0.9 + 0.2 * random.nextDouble())), this::announce);
    } else {
      refresh = loop.after(pace.nanosUntilOne(now), this::announce);
    }
  }

  private long nextSequence() {
    sequence = Math.max(loop.clockMillis(), sequence + 1);
    return sequence;
  }

  private void say(Announcement announcement) {
    Announcement fitting = Changes.fitting(announcement);
    byte[] body = MessageCodec.encode(fitting);
    SignedAnnouncement one =
        new SignedAnnouncement(body, signer.sign(SignedAnnouncement.signedBytes(body)));
    said = Optional.of(fitting);
    signed = Optional.of(one);
    publish.accept(one);
  }
}
