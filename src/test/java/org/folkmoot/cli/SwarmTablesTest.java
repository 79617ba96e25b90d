package org.folkmoot.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import org.folkmoot.base.Hash32;
import org.folkmoot.wire.Announcement;
import org.folkmoot.wire.LayerRange;
import org.folkmoot.wire.ModelId;
import org.folkmoot.wire.Offer;
import org.folkmoot.wire.PeerAddress;
import org.folkmoot.wire.PeerId;
import org.folkmoot.wire.SwarmId;
import org.junit.jupiter.api.Test;

/** What {@code status} and {@code peers} show, on narrow and on wide terminals. */
class SwarmTablesTest {
  private static final Hash32 POLICY = Hash32.sha256(new byte[] {4});
  private static final ModelId MODEL = new ModelId(Hash32.sha256(new byte[] {1}));
  private static final SwarmId SWARM = new SwarmId(Hash32.sha256(new byte[] {2}));
  private static final int LAYERS = 30;

  private static PeerId id(int number) {
    return new PeerId(Hash32.sha256(new byte[] {3, (byte) number}));
  }

  private static SwarmReport.Peer peer(
      int number,
      int from,
      int to,
      int modelLayers,
      String name,
      Optional<Hash32> policy,
      boolean relayed) {
    LayerRange range = new LayerRange(from == 0, from, to, to == modelLayers);
    Offer offer =
        new Offer(MODEL, name, modelLayers, 0, SWARM.id(), range, 1234.5f, 12_345, 822_123);
    PeerAddress there =
        new PeerAddress(
            PeerAddress.Scheme.QUIC, "2001:db8:1234:5678:9abc:def0:1234:" + number, 46613);
    PeerAddress at = relayed ? PeerAddress.parse("relay://" + id(99).text()) : there;
    return new SwarmReport.Peer(
        new Announcement(SWARM, id(number), 1, 240, List.of(at), List.of(offer), policy),
        Optional.of(Duration.ofMillis(1234)),
        Optional.of(at));
  }

  private static SwarmReport report(SwarmReport.Peer... peers) {
    return new SwarmReport("moot", List.of(peers), List.of());
  }

  private static List<String> shown(SwarmReport report, int columns, boolean status) {
    TestConsole test = new TestConsole();
    test.terminal = true;
    test.columns = columns;
    test.environment.put("NO_COLOR", "1");
    if (status) {
      StatusCommand.print(test.console(), report);
    } else {
      PeersCommand.print(test.console(), report);
    }
    return test.out().lines().toList();
  }

  /** The worst that there is: a relayed peer, policies, a slow way, a long queue. */
  private static SwarmReport worst() {
    return report(
        peer(1, 0, 15, LAYERS, "smollm2:135m", Optional.of(POLICY), true),
        peer(2, 15, 30, LAYERS, "smollm2:135m", Optional.empty(), false));
  }

  @Test
  void statusFitsIntoEightyColumnsAndIntoMore() {
    SwarmReport report = worst();
    for (int columns : new int[] {80, 160}) {
      List<String> lines = shown(report, columns, true);
      assertThat(lines).allSatisfy(line -> assertThat(line.length()).isLessThanOrEqualTo(columns));
      assertThat(lines).as("nothing is cut at %d", columns).noneMatch(line -> line.endsWith("…"));
      String relay = id(99).toString();
      String all = String.join("\n", lines);
      assertThat(all)
          .contains("POLICY", POLICY.hex().substring(0, 8), "822k", "12.3 s", "1.2 s")
          .contains("smollm2:135m  complete", "via " + relay);
      assertThat(all.contains("ADDRESS")).isEqualTo(columns >= 120);
    }
  }

  @Test
  void peersFitIntoEightyColumnsAndIntoMore() {
    SwarmReport report = worst();
    for (int columns : new int[] {80, 160}) {
      List<String> lines = shown(report, columns, false);
      assertThat(lines).hasSize(3);
      assertThat(lines).allSatisfy(line -> assertThat(line.length()).isLessThanOrEqualTo(columns));
      assertThat(lines.get(0)).contains("PEER", "SERVES", "RTT", "PATH", "POLICY");
      assertThat(lines.get(1)).contains("smollm2:135m 0–14", POLICY.hex().substring(0, 8));
    }
    assertThat(shown(report, 160, false).get(2)).endsWith(":46613");
  }

  @Test
  void whereNobodyDeclaresAPolicyThereIsNoColumnForIt() {
    SwarmReport report = report(peer(1, 0, 30, LAYERS, "m", Optional.empty(), false));
    for (boolean status : new boolean[] {true, false}) {
      assertThat(String.join("\n", shown(report, 100, status))).doesNotContain("POLICY", "–  ");
    }
  }

  /** One peer that says that the model has one layer, whichever it is in the list. */
  @Test
  void oneBoasterHidesNobodyFromTheCoverage() {
    List<SwarmReport.Peer> peers =
        new ArrayList<>(
            List.of(
                peer(1, 0, 1, 1, "mine", Optional.empty(), false),
                peer(2, 0, 15, LAYERS, "smollm2:135m", Optional.empty(), false),
                peer(3, 15, 30, LAYERS, "smollm2:135m", Optional.empty(), false)));
    for (int turn = 0; turn < peers.size(); turn++) {
      Collections.rotate(peers, 1);
      SwarmReport.Model model =
          new SwarmReport("moot", List.copyOf(peers), List.of()).models().getFirst();
      assertThat(model.layers()).isEqualTo(LAYERS);
      assertThat(model.name()).isEqualTo("smollm2:135m");
      assertThat(model.coverage().complete()).isTrue();
    }
  }

  @Test
  void whatKeepsThisMachineFromPeersIsSaid() {
    String clock = "this machine's clock and that of 2 peers differ by 14 minutes";
    TestConsole test = new TestConsole();
    StatusCommand.print(test.console(), new SwarmReport("moot", List.of(), List.of(clock)));
    PeersCommand.print(test.console(), new SwarmReport("moot", List.of(), List.of(clock)));
    assertThat(test.err()).containsSubsequence(clock, clock);
  }
}
