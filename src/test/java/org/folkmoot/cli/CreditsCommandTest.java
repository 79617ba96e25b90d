package org.folkmoot.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.file.Path;
import java.security.SecureRandom;
import org.folkmoot.ledger.LedgerStore;
import org.folkmoot.ledger.OwnFeed;
import org.folkmoot.ledger.credit.Claims;
import org.folkmoot.ledger.credit.CreditEntries;
import org.folkmoot.peer.Identity;
import org.folkmoot.wire.CreditClaim;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CreditsCommandTest {
  @TempDir Path home;
  private final TestConsole cli = new TestConsole();
  private final Identity friend = Identity.random(new SecureRandom());
  private final Identity stranger = Identity.random(new SecureRandom());

  @BeforeEach
  void setHome() {
    cli.environment.put("FOLKMOOT_HOME", home.toString());
  }

  private static void write(LedgerStore store, Identity writer, CreditClaim claim, long worth) {
    var _ = new OwnFeed(store, writer).append(CreditEntries.of(claim, worth, 0));
  }

  @Test
  void showsWhatWasDoneForWhomAndWhoGoesFirst() throws Exception {
    assertThat(cli.run("credits")).isEqualTo(ExitStatus.OK);
    assertThat(cli.out()).isEmpty();
    assertThat(cli.err()).contains("Nobody has worked");
    Identity self = Identity.atHome(home, new SecureRandom());
    try (LedgerStore store = LedgerStore.open(home.resolve("ledger"), self)) {
      write(store, self, Claims.of(friend, self, 1, 900, 900), 7_000_000);
      write(store, self, Claims.of(self, friend, 2, 50, 40), 2_500);
      write(store, self, Claims.of(self, friend, 3, 50, 50), 500);
      write(store, friend, Claims.of(stranger, friend, 4, 50, 50), 400_000);
    }
    assertThat(cli.run("credits")).isEqualTo(ExitStatus.OK);
    assertThat(cli.out().lines())
        .hasSize(2)
        .last()
        .asString()
        .containsSubsequence(
            friend.peerId().toString(), "3.0 GFLOP", "7.0 TFLOP", "3", "7.0 TFLOP");
    assertThat(cli.run("credits", "--json")).isEqualTo(ExitStatus.OK);
    JsonNode told = new ObjectMapper().readTree(cli.out());
    assertThat(told.at("/peers/0/peer").asText()).isEqualTo(friend.peerId().text());
    assertThat(told.at("/peers/0/given").asLong()).isEqualTo(3000);
    assertThat(told.at("/peers/0/taken").asLong()).isEqualTo(7_000_000);
    assertThat(told.at("/peers/0/works").asLong()).isEqualTo(3);
    assertThat(told.at("/peers/0/standing").asLong()).isEqualTo(7_000_000 - 3000);
  }
}
