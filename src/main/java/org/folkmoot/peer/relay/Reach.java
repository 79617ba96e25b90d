package org.folkmoot.peer.relay;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;
import org.folkmoot.base.Loop;
import org.folkmoot.peer.Links;
import org.folkmoot.peer.Membership;
import org.folkmoot.peer.PeerNetwork;
import org.folkmoot.peer.PeerTransport;
import org.folkmoot.wire.Limits;
import org.folkmoot.wire.Message;
import org.folkmoot.wire.PeerAddress;
import org.folkmoot.wire.PeerId;

/**
 * How a peer is reached: at its own addresses, and if some other peer has tried that in vain,
 * through a few peers to whom it keeps links. It tells the swarm when that changes. On the loop
 * only.
 */
public final class Reach implements PeerNetwork.Listener {
  /** Relays at a time: two may vanish at once. */
  static final int RELAYS = 3;

  /** Own addresses before the relays: those of the home's network, by both transports. */
  private static final int FIRST = 2;

  /** How often is looked whether all is as it was. */
  private static final long LOOK_NANOS = 10_000_000_000L;

  private final Links links;
  private final Membership membership;
  private final Supplier<List<PeerAddress>> direct;
  private final Consumer<List<PeerAddress>> tell;
  private final Reachability reachability;
  private final DialBacks dialBacks;
  private final Relay relay;
  private final Set<PeerId> relays = new LinkedHashSet<>();
  private List<PeerAddress> told = List.of();
  private boolean asking;
  private Loop.Timer look = () -> {};

  /**
   * Not begun yet.
   *
   * @param direct where we might be dialled, best first
   * @param tell told where we are reached, whenever that changes
   * @param transports that can dial others back
   */
  public Reach(
      Links links,
      Membership membership,
      Supplier<List<PeerAddress>> direct,
      Consumer<List<PeerAddress>> tell,
      List<PeerTransport> transports,
      RandomGenerator random) {
    this.links = links;
    this.membership = membership;
    this.direct = direct;
    this.tell = tell;
    reachability = new Reachability(links, direct, this::update);
    dialBacks = new DialBacks(links, transports);
    relay = new Relay(links, RelayLimits.USUAL, random);
  }

  /**
   * Begins to try for others and to relay, after the membership.
   *
   * @param doubts whether to find out if others can dial us
   */
  public void start(boolean doubts) {
    links.listen(dialBacks);
    links.listen(relay);
    if (doubts) {
      links.listen(reachability);
      asking = true;
    }
    links.listen(this);
    update();
    lookLater();
  }

  private void lookLater() {
    look =
        links
            .loop()
            .after(
                LOOK_NANOS,
                () -> {
                  if (asking) {
                    reachability.ask();
                  }
                  update();
                  lookLater();
                });
  }

  /** Stops, relaying included. */
  public void stop() {
    look.cancel();
    relay.close();
  }

  /** What it carries for others. */
  public Relay relay() {
    return relay;
  }

  /** Where we are reached, best first. */
  public List<PeerAddress> addresses() {
    List<PeerAddress> own = direct.get();
    if (relays.isEmpty()) {
      return own;
    }
    List<PeerAddress> all = new ArrayList<>(own.subList(0, Math.min(FIRST, own.size())));
    relays.forEach(peer -> all.add(RelayTransport.through(peer)));
    own.stream().skip(FIRST).limit(Limits.MAX_ADDRESSES - all.size()).forEach(all::add);
    return all;
  }

  private void update() {
    if (reachability.needsRelay()) {
      choose();
    } else {
      relays.clear();
    }
    List<PeerAddress> now = addresses();
    if (!now.equals(told)) {
      told = now;
      tell.accept(now);
    }
  }

  /** Keeps the relays that it has; of the others the nearest come first. */
  private void choose() {
    List<PeerId> able =
        membership.view().stream()
            .filter(Membership.Member::connected)
            .filter(member -> isDialled(member.announcement().addresses()))
            .map(Membership.Member::peer)
            .filter(peer ->
                links
                    .remoteAddress(peer)
                    .filter(at -> at.scheme() != PeerAddress.Scheme.RELAY)
                    .isPresent())
            .sorted(
                Comparator.comparingLong(
                    (PeerId peer) -> links.roundTripNanos(peer).orElse(Long.MAX_VALUE)))
            .toList();
    relays.retainAll(able);
    for (PeerId peer : able) {
      if (relays.size() < RELAYS) {
        relays.add(peer);
      }
    }
  }

  /** Whether a peer with these addresses is dialled, and needs no relay itself. */
  private static boolean isDialled(List<PeerAddress> addresses) {
    return !addresses.isEmpty()
        && addresses.stream().noneMatch(at -> at.scheme() == PeerAddress.Scheme.RELAY);
  }

  @Override
  public void connected(PeerId peer) {
    update();
  }

  @Override
  public void lost(PeerId peer, Message.Reason reason) {
    if (relays.contains(peer)) {
      update();
    }
  }
}
