package org.folkmoot.peer;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.function.Consumer;
import org.folkmoot.base.Hash32;
import org.folkmoot.peer.OpenNetwork.Notice;
import org.folkmoot.testing.VirtualTime;
import org.folkmoot.wire.Message.Contact;
import org.folkmoot.wire.PeerId;
import org.folkmoot.wire.SwarmId;
import org.junit.jupiter.api.Test;

class OpenDiscoveryTest {
  private static final SwarmId OTHER = new SwarmId(Hash32.sha256(new byte[] {1}));

  private final VirtualTime time = new VirtualTime();
  private final List<Member> members = new ArrayList<>();

  /** A network on which everybody hears everything, from the address of its number. */
  private final class Member implements OpenNetwork {
    final int number = members.size() + 1;
    final PeerId id = SeededRandom.identity(number).peerId();
    final Links links;
    final OpenDiscovery discovery;
    final List<Contact> found = new ArrayList<>();
    private Optional<Notice> said = Optional.empty();
    private Consumer<Notice> heard = _ -> {};

    Member(SwarmId swarm) {
      links = new Links(time.loop(0), id, swarm, "test", LinkSettings.USUAL);
      discovery = new OpenDiscovery(links, swarm, this, found::addAll);
      members.add(this);
    }

    @Override
    public void begin(Optional<Notice> own, Consumer<Notice> listener) {
      heard = listener;
      said =
          own.map(one ->
              new Notice(one.name(), one.port(), one.attributes(), List.of("10.0.0." + number)));
      said.ifPresent(notice -> members.forEach(other -> other.heard.accept(notice)));
      members.forEach(other -> other.said.ifPresent(heard));
    }

    @Override
    public void close() {
      heard = _ -> {};
    }
  }

  @Test
  void membersOfOneSwarmFindEachOther() {
    Member first = new Member(VirtualSwarm.SWARM);
    Member second = new Member(VirtualSwarm.SWARM);
    Member stranger = new Member(OTHER);
    first.discovery.begin(7410, true);
    second.discovery.begin(7411, false);
    stranger.discovery.begin(7412, true);
    time.pass(1);
    assertThat(first.found).hasSize(1);
    assertThat(first.found.getFirst().peer()).isEqualTo(second.id);
    assertThat(first.found.getFirst().addresses())
        .extracting(String::valueOf)
        .containsExactly("tls://10.0.0.2:7411");
    assertThat(second.found.getFirst().addresses())
        .extracting(String::valueOf)
        .containsExactly("tls://10.0.0.1:7410", "quic://10.0.0.1:7410");
    assertThat(stranger.found).isEmpty();
  }

  @Test
  void whoOnlyAsksLooksAndIsNotSeen() {
    Member serving = new Member(VirtualSwarm.SWARM);
    Member asking = new Member(VirtualSwarm.SWARM);
    serving.discovery.begin(7410, false);
    asking.discovery.begin(0, false);
    time.pass(1);
    assertThat(asking.found).extracting(Contact::peer).containsExactly(serving.id);
    assertThat(serving.found).isEmpty();
    assertThat(asking.said).isEmpty();
  }

  @Test
  void theSwarmIsNotShownNorWhoBelongsTogether() {
    PeerId one = SeededRandom.identity(1).peerId();
    PeerId two = SeededRandom.identity(2).peerId();
    String tag = OpenDiscovery.tag(VirtualSwarm.SWARM, one);
    assertThat(tag)
        .isNotEqualTo(OpenDiscovery.tag(VirtualSwarm.SWARM, two))
        .isNotEqualTo(OpenDiscovery.tag(OTHER, one))
        .hasSize(26);
  }

  @Test
  void whatIsSaidAgainIsPassedOnNowAndThen() {
    Member serving = new Member(VirtualSwarm.SWARM);
    Member asking = new Member(VirtualSwarm.SWARM);
    serving.discovery.begin(7410, false);
    asking.discovery.begin(0, false);
    Notice notice = serving.said.orElseThrow();
    for (int second = 0; second < 65; second++) {
      asking.heard.accept(notice);
      time.pass(1);
    }
    assertThat(asking.found).hasSize(3);
    asking.heard.accept(new Notice(notice.name(), 7420, notice.attributes(), List.of("10.0.0.77")));
    time.pass(1);
    assertThat(asking.found).as("it has moved").hasSize(4);
  }

  @Test
  void aFloodCostsLittleAndNonsenseNothing() {
    Member asking = new Member(VirtualSwarm.SWARM);
    asking.discovery.begin(0, false);
    Random random = new Random(5);
    for (int i = 0; i < 10_000; i++) {
      PeerId peer = FakeKeys.id(random);
      Map<String, String> attributes = new HashMap<>();
      attributes.put("tag", OpenDiscovery.tag(i % 2 == 0 ? VirtualSwarm.SWARM : OTHER, peer));
      asking.heard.accept(
          new Notice(
              i % 3 == 0 ? "nobody" : peer.text(),
              i % 5 == 0 ? -1 : 7410,
              attributes,
              i % 7 == 0 ? List.of("no host", "") : java.util.Collections.nCopies(50, "10.1.1.1")));
      time.pass(0.0001);
    }
    time.pass(1);
    assertThat(asking.found).hasSizeBetween(1, 210);
    assertThat(asking.found).allMatch(contact -> contact.addresses().size() <= 8);
  }
}
