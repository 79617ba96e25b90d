package org.folkmoot.peer;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.folkmoot.base.Hash32;
import org.folkmoot.peer.VirtualSwarm.Node;
import org.folkmoot.wire.Announcement;
import org.folkmoot.wire.Message;
import org.folkmoot.wire.Message.Gossip;
import org.folkmoot.wire.MessageCodec;
import org.folkmoot.wire.Offer;
import org.folkmoot.wire.PeerAddress;
import org.folkmoot.wire.PeerId;
import org.folkmoot.wire.SignedAnnouncement;
import org.folkmoot.wire.SwarmId;
import org.junit.jupiter.api.Test;

class MembershipTest {
  private static final long START_MILLIS = 1_800_000_000_000L;

  private static VirtualSwarm swarm(long seed, int peers) {
    VirtualSwarm swarm = new VirtualSwarm(seed);
    for (int i = 0; i < peers; i++) {
      Node node = swarm.add();
      int from = i * 8 % VirtualSwarm.LAYERS;
      node.start(
          List.of(VirtualSwarm.offer(from, from + 8)),
          i == 0 ? List.of() : List.of(swarm.nodes.get(swarm.random.nextInt(i))));
      swarm.time.pass(0.2);
    }
    return swarm;
  }

  private static Set<PeerId> others(VirtualSwarm swarm, Node node) {
    Set<PeerId> peers = new TreeSet<>();
    swarm.alive().forEach(each -> peers.add(each.id));
    peers.remove(node.id);
    return peers;
  }

  private static void assertAllKnowAll(VirtualSwarm swarm) {
    for (Node node : swarm.alive()) {
      assertThat(node.seen()).isEqualTo(others(swarm, node));
    }
  }

  private static SignedAnnouncement signed(
      PeerId peer, SwarmId swarm, long sequence, int ttl, Offer... offers) {
    byte[] body =
        MessageCodec.encode(
            new Announcement(swarm, peer, sequence, ttl, List.of(), List.of(offers)));
    return new SignedAnnouncement(
        body, FakeKeys.signer(peer).sign(SignedAnnouncement.signedBytes(body)));
  }

  private static SignedAnnouncement signed(PeerId peer, long sequence, Offer... offers) {
    return signed(peer, VirtualSwarm.SWARM, sequence, Membership.TTL_SECONDS, offers);
  }

  private static void hear(Node node, PeerId from, SignedAnnouncement... announcements) {
    Message message = new Gossip(List.of(announcements));
    node.tell(listener -> listener.received(from, message));
  }

  @Test
  void everyPeerGetsToKnowAllWithinSeconds() {
    for (int seed = 0; seed < 10; seed++) {
      VirtualSwarm swarm = swarm(seed, 20);
      swarm.time.pass(15);
      assertAllKnowAll(swarm);
      assertThat(swarm.nodes).allMatch(node -> node.misbehaved.isEmpty());
    }
  }

  @Test
  void theyStillKnowEachOtherHoursLater() {
    VirtualSwarm swarm = swarm(1, 12);
    for (int minute = 0; minute < 180; minute++) {
      swarm.time.pass(60);
      assertAllKnowAll(swarm);
    }
  }

  @Test
  void whatAPeerServesFromNowOnIsKnownWithinSeconds() {
    VirtualSwarm swarm = swarm(2, 20);
    swarm.time.pass(60);
    Offer all = VirtualSwarm.offer(0, VirtualSwarm.LAYERS);
    Node changed = swarm.nodes.get(7);
    changed.membership.offer(List.of(all));
    swarm.time.pass(15);
    for (Node node : swarm.nodes) {
      if (node != changed) {
        assertThat(offers(node, changed.id)).containsExactly(all);
      }
    }
  }

  private static List<Offer> offers(Node node, PeerId peer) {
    return node.membership.view().stream()
        .filter(member -> member.peer().equals(peer))
        .flatMap(member -> member.announcement().offers().stream())
        .toList();
  }

  @Test
  void aLostPeerLeavesTheViewAtOnceAndEveryViewInTheEnd() {
    VirtualSwarm swarm = swarm(3, 20);
    swarm.time.pass(60);
    Node dead = swarm.nodes.get(5);
    List<Node> linked =
        swarm.nodes.stream().filter(node -> node.connected().contains(dead.id)).toList();
    dead.crash();
    swarm.time.pass(1.1);
    assertThat(linked).isNotEmpty().noneMatch(node -> node.seen().contains(dead.id));
    swarm.time.pass(60);
    assertThat(linked).noneMatch(node -> node.seen().contains(dead.id));
    swarm.time.pass(Membership.TTL_SECONDS);
    assertAllKnowAll(swarm);
  }

  @Test
  void aRecordThatIsStillOnItsWayDoesNotRaiseTheDead() {
    VirtualSwarm swarm = swarm(4, 2);
    swarm.time.pass(30);
    Node node = swarm.nodes.get(0);
    Node dead = swarm.nodes.get(1);
    long lastWords = dead.loop.clockMillis();
    dead.crash();
    swarm.time.pass(5);
    Node third = swarm.add();
    third.start(List.of(), List.of(node));
    swarm.time.pass(1);
    hear(node, third.id, signed(dead.id, lastWords, VirtualSwarm.offer(0, 8)));
    assertThat(node.seen()).containsExactly(third.id);
    hear(node, third.id, signed(dead.id, node.loop.clockMillis(), VirtualSwarm.offer(0, 8)));
    assertThat(node.seen()).contains(dead.id);
  }

  @Test
  void aClientThatComesLaterDoesNotHearOfTheDead() {
    VirtualSwarm swarm = swarm(5, 10);
    swarm.time.pass(60);
    Node dead = swarm.nodes.get(5);
    dead.crash();
    swarm.time.pass(Membership.TTL_SECONDS + 15);
    Node client = swarm.add();
    client.start(List.of(), List.of(swarm.nodes.get(0)));
    swarm.time.pass(10);
    assertThat(client.seen()).isEqualTo(others(swarm, client));
  }

  @Test
  void whoSaysGoodbyeIsGoneEverywhereSoon() {
    VirtualSwarm swarm = swarm(6, 30);
    swarm.time.pass(60);
    Node going = swarm.nodes.get(11);
    going.membership.leave();
    swarm.time.pass(1);
    going.crash();
    swarm.time.pass(5);
    int stillThere = 0;
    for (Node node : swarm.alive()) {
      stillThere += node.seen().contains(going.id) ? 1 : 0;
    }
    assertThat(stillThere).isLessThan(3);
  }

  @Test
  void wrongClocksDoNoHarmAsLongAsTheyAreWrongByMinutes() {
    VirtualSwarm swarm = new VirtualSwarm(7);
    for (long skew : new long[] {0, 540_000, -540_000, 0}) {
      Node node = swarm.add(skew);
      node.start(List.of(), swarm.nodes.subList(0, swarm.nodes.size() - 1));
    }
    Node future = swarm.add(1_000_000);
    future.start(List.of(), List.of(swarm.nodes.getFirst()));
    for (int minute = 0; minute < 20; minute++) {
      swarm.time.pass(60);
      Node right = swarm.nodes.getFirst();
      assertThat(right.seen())
          .containsExactlyInAnyOrder(
              swarm.nodes.get(1).id, swarm.nodes.get(2).id, swarm.nodes.get(3).id);
    }
  }

  @Test
  void anAnnouncementHoldsFromWhenItWasFirstHeard() {
    VirtualSwarm swarm = swarm(8, 1);
    Node node = swarm.nodes.getFirst();
    PeerId from = FakeKeys.id(swarm.random);
    PeerId stranger = FakeKeys.id(swarm.random);
    SignedAnnouncement said = signed(stranger, START_MILLIS - 60_000);
    hear(node, from, said);
    assertThat(node.seen()).contains(stranger);
    swarm.time.pass(200);
    hear(node, from, said);
    assertThat(node.seen()).contains(stranger);
    swarm.time.pass(60);
    assertThat(node.seen()).doesNotContain(stranger);
    hear(node, from, said);
    assertThat(node.seen()).as("not a second time").doesNotContain(stranger);
    hear(node, from, signed(stranger, START_MILLIS - 10_000_000));
    assertThat(node.seen()).doesNotContain(stranger);
  }

  @Test
  void whoForgesOrFloodsIsNotListenedToForAWhile() {
    VirtualSwarm swarm = swarm(9, 1);
    Node node = swarm.nodes.getFirst();
    PeerId forger = FakeKeys.id(swarm.random);
    PeerId victim = FakeKeys.id(swarm.random);
    SignedAnnouncement real = signed(victim, START_MILLIS);
    byte[] signature = real.signature().clone();
    signature[3] ^= 1;
    hear(node, forger, new SignedAnnouncement(real.body(), signature));
    assertThat(node.misbehaved).containsExactly(forger);
    hear(node, forger, real);
    assertThat(node.seen()).isEmpty();
    swarm.time.pass(601);
    hear(node, forger, signed(victim, node.loop.clockMillis()));
    assertThat(node.seen()).containsExactly(victim);

    PeerId foreigner = FakeKeys.id(swarm.random);
    byte[] elsewhere = new byte[Hash32.BYTES];
    Arrays.fill(elsewhere, (byte) 1);
    hear(
        node,
        foreigner,
        signed(foreigner, new SwarmId(Hash32.of(elsewhere)), node.loop.clockMillis(), 240));
    PeerId babbler = FakeKeys.id(swarm.random);
    hear(node, babbler, new SignedAnnouncement(new byte[] {1, 2, 3}, new byte[64]));
    assertThat(node.misbehaved).containsExactly(forger, foreigner, babbler);

    PeerId flooder = FakeKeys.id(swarm.random);
    for (int i = 0; i < 3000; i++) {
      hear(node, flooder, signed(FakeKeys.id(swarm.random), node.loop.clockMillis()));
    }
    assertThat(node.misbehaved).endsWith(flooder).hasSize(4);
    assertThat(node.seen().size()).isLessThanOrEqualTo(Membership.MAX_PEERS);
  }

  @Test
  void onePeersChatterIsTakenInAtItsPaceOnly() {
    VirtualSwarm swarm = swarm(10, 20);
    swarm.time.pass(60);
    Node chatterer = swarm.nodes.get(3);
    long before = swarm.nodes.stream().mapToLong(node -> node.messagesSent).sum();
    for (int i = 0; i < 600; i++) {
      int layers = 1 + i % 8;
      // Past its own restraint, as a changed program would be.
      SignedAnnouncement news =
          signed(chatterer.id, chatterer.loop.clockMillis() + 1, VirtualSwarm.offer(0, layers));
      for (PeerId neighbour : List.copyOf(chatterer.connected())) {
        chatterer.send(neighbour, new Gossip(List.of(news)));
      }
      swarm.time.pass(0.1);
    }
    long own = 600L * chatterer.connected().size();
    long all = swarm.nodes.stream().mapToLong(node -> node.messagesSent).sum() - before - own;
    // In a minute: its eleven bits of news passed on by all, and what they say anyway.
    assertThat(all).isLessThan(20 * (11 * 3 + 60));
  }

  @Test
  void aFullDirectoryKeepsSomebodyForEachLayer() {
    VirtualSwarm swarm = swarm(11, 1);
    Node node = swarm.nodes.getFirst();
    List<PeerId> rare = new ArrayList<>();
    for (int i = 0; i < 2; i++) {
      PeerId peer = FakeKeys.id(swarm.random);
      rare.add(peer);
      hear(node, peer, signed(peer, node.loop.clockMillis(), VirtualSwarm.offer(24, 32)));
    }
    for (int i = 0; i < 3000; i++) {
      PeerId peer = FakeKeys.id(swarm.random);
      hear(node, peer, signed(peer, node.loop.clockMillis(), VirtualSwarm.offer(0, 8)));
      swarm.time.pass(0.01);
    }
    assertThat(node.seen()).hasSize(Membership.MAX_PEERS).containsAll(rare);
  }

  @Test
  void anEarlierRunWithAClockAheadIsOutdone() {
    VirtualSwarm swarm = swarm(12, 3);
    swarm.time.pass(30);
    Node restarted = swarm.nodes.get(1);
    long ahead = restarted.loop.clockMillis() + 300_000;
    Node witness = swarm.nodes.get(2);
    hear(witness, restarted.id, signed(restarted.id, ahead, VirtualSwarm.offer(0, 2)));
    swarm.time.pass(60);
    assertThat(restarted.membership.own().orElseThrow().sequence()).isGreaterThan(ahead);
    assertThat(offers(witness, restarted.id))
        .isEqualTo(restarted.membership.own().orElseThrow().offers());
  }

  @Test
  void anAnnouncementFitsItsBoundsWhateverThereIsToSay() {
    VirtualSwarm swarm = new VirtualSwarm(13);
    Node node = swarm.add();
    List<PeerAddress> addresses = new ArrayList<>();
    for (int i = 0; i < 12; i++) {
      addresses.add(new PeerAddress(PeerAddress.Scheme.TLS, "a".repeat(250), 1 + i));
    }
    node.membership.addresses(addresses);
    node.start(List.of(VirtualSwarm.offer(0, 8)), List.of());
    Announcement own = node.membership.own().orElseThrow();
    assertThat(MessageCodec.encode(own)).hasSizeLessThanOrEqualTo(2048);
    assertThat(own.addresses()).isEqualTo(addresses.subList(0, own.addresses().size()));
    assertThat(own.offers()).hasSize(1);
  }
}
