package org.folkmoot.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.folkmoot.base.Hash32;
import org.folkmoot.kernel.TensorType;
import org.folkmoot.proof.Receipt;
import org.folkmoot.proof.ReceiptCodec;
import org.folkmoot.proof.Terms;
import org.folkmoot.testing.TinyModel;
import org.folkmoot.testing.TinyModels;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A moot of one, which needs no witnesses: the commands, from the charter to the receipt. */
class MootCommandTest {
  private static final String PROMPT = "You answer in rhymes.";

  @TempDir Path home;
  private final TestConsole cli = new TestConsole();

  @BeforeEach
  void setHome() {
    cli.environment.put("FOLKMOOT_HOME", home.toString());
  }

  private String ok(String... args) {
    assertThat(cli.run(args)).as("%s: %s", String.join(" ", args), cli.err()).isZero();
    return cli.out();
  }

  private void refused(int status, String why, String... args) {
    assertThat(cli.run(args)).as("%s: %s", String.join(" ", args), cli.out()).isEqualTo(status);
    assertThat(cli.err()).contains(why).doesNotContain("\tat ");
  }

  private JsonNode json(String... args) throws IOException {
    return new ObjectMapper().readTree(ok(args));
  }

  private void found() {
    ok(
        "moot",
        "create",
        "birds",
        "--delay",
        "10s",
        "--period",
        "1m",
        "--extension",
        "5s",
        "--timelock",
        "30s");
  }

  /** The latest proposal. */
  private String proposal() throws IOException {
    JsonNode all = json("proposals", "--all", "--json").get("proposals");
    return all.get(all.size() - 1).get("id").asText();
  }

  private void decide(String... proposal) throws IOException {
    ok(proposal);
    String id = proposal();
    cli.pass(Duration.ofSeconds(11));
    ok("vote", id, "yes", "good", "for", "us");
    cli.pass(Duration.ofSeconds(90));
    ok("enact", id.substring(0, 12));
  }

  @Test
  void withoutAMootEachCommandSaysHowToGetOne() {
    for (String[] command :
        List.of(
            new String[] {"moot", "show"},
            new String[] {"moot", "members"},
            new String[] {"propose", "prompt", "x"},
            new String[] {"proposals"},
            new String[] {"vote", "abcd", "yes"},
            new String[] {"delegate", "--back"},
            new String[] {"enact", "abcd"},
            new String[] {"veto", "abcd"},
            new String[] {"tally", "abcd"})) {
      refused(ExitStatus.FAILED, "moot create NAME", command);
    }
    refused(ExitStatus.FAILED, "no invitation", "moot", "join");
    assertThat(ok("moot", "ls")).contains("MOOT");
  }

  @Test
  void wrongCallsAreRefused() throws IOException {
    refused(ExitStatus.WRONG_CALL, "90s", "moot", "create", "birds", "--period", "long");
    refused(ExitStatus.WRONG_CALL, "--period", "moot", "create", "birds", "--period", "0s");
    refused(ExitStatus.WRONG_CALL, "0 to 100", "moot", "create", "birds", "--quorum", "101");
    refused(ExitStatus.WRONG_CALL, "admission", "moot", "create", "birds", "--admission", "x");
    found();
    refused(ExitStatus.WRONG_CALL, "nothing changes", "propose", "rules");
    refused(ExitStatus.FAILED, "no moot is called", "moot", "show", "--moot", "fish");
    ok("propose", "prompt", PROMPT);
    String id = proposal();
    refused(ExitStatus.WRONG_CALL, "yes, no or abstain", "vote", id, "perhaps");
    refused(ExitStatus.FAILED, "no proposal", "vote", "ffffffff", "yes");
    refused(ExitStatus.WRONG_CALL, "cannot be enacted", "enact", id);
    cli.pass(Duration.ofSeconds(11));
    refused(ExitStatus.FAILED, "no peer is called", "delegate", "nobody");
    ok("vote", id, "no");
    refused(ExitStatus.WRONG_CALL, "final", "vote", id, "yes");
    cli.pass(Duration.ofSeconds(90));
    refused(ExitStatus.WRONG_CALL, "over", "vote", id, "yes");
    refused(ExitStatus.WRONG_CALL, "defeated", "enact", id);
    assertThat(cli.run("vote", id, "yes", "--moot")).isEqualTo(ExitStatus.WRONG_CALL);
  }

  @Test
  void aTallyShowsWhereEachNumberComesFrom() throws IOException {
    found();
    ok("propose", "prompt", PROMPT, "--why", "rhymes are fun");
    String id = proposal();
    assertThat(ok("proposals")).contains("opens in 11 s").contains(PROMPT);
    cli.pass(Duration.ofSeconds(20));
    ok("vote", id.substring(0, 8), "yes", "small", "and", "open");
    String shown = ok("tally", id, "--explain");
    assertThat(shown)
        .contains("together 1; quorum 1: 500 thousandths of 1, rounded up")
        .contains("yes, weight 1: \"small and open\"")
        .contains("entry 2 of the feed of")
        .contains("quorum: 1 + 0 = 1, and 1 are needed: reached")
        .contains("majority: 1000 x 1 = 1000, more than 500 x (1 + 0) = 500 is needed: reached");
    JsonNode tally = json("tally", id, "--json");
    assertThat(tally.get("yes").asInt()).isEqualTo(1);
    assertThat(tally.get("casts").get(0).get("reason").asText()).isEqualTo("small and open");
    assertThat(tally.get("state").asText()).isEqualTo("active");
    assertThat(ok("ledger", "show")).contains("charter").contains("proposal").contains("vote");
    ok("ledger", "fsck");
  }

  @Test
  void whatWasDecidedIsTheDefaultAndNoMore() throws IOException {
    String file = TinyModels.write(home, TinyModel.of(TensorType.Q8_0)).toString();
    found();
    refused(ExitStatus.WRONG_CALL, "name a model", "run", "moot", "hello");
    decide("propose", "model", file);
    assertThat(cli.err()).contains("the moot 'birds' has decided: the default model is now");
    decide("propose", "prompt", PROMPT);
    assertThat(ok("moot", "show")).contains("adopt the model").contains(PROMPT);
    String adopted = MootDefaults.read(cli.surroundings()).model().orElseThrow().name();
    assertThat(json("show", adopted, "--provenance", "--json").toString())
        .contains("\"adoptions\":[{\"moot\":\"birds\"");

    Path receipt = home.resolve("r.cbor");
    ok("run", "hello there", "--max-tokens", "5", "--receipt", receipt.toString());
    assertThat(cli.err()).contains("by decision of the moot 'birds'").contains(PROMPT);
    Receipt shown = ReceiptCodec.decode(Files.readAllBytes(receipt));
    String policy = "{\"systemPrompt\":\"" + PROMPT + "\"}";
    Hash32 name = Hash32.sha256(policy.getBytes(StandardCharsets.UTF_8));
    assertThat(shown.terms().policies()).containsExactly(name);
    assertThat(shown.terms().systemPrompt()).contains(Terms.hashOf(PROMPT));
    assertThat(ok("verify", receipt.toString(), "--offline")).contains("under the policy " + name);

    // What a person chooses goes first.
    ok(
        "run",
        "moot",
        "hello",
        "--system",
        "mine",
        "--max-tokens",
        "5",
        "--receipt",
        receipt.toString());
    shown = ReceiptCodec.decode(Files.readAllBytes(receipt));
    assertThat(shown.terms().policies()).isEmpty();
    assertThat(shown.terms().systemPrompt()).contains(Terms.hashOf("mine"));
    ok("run", file, "hello", "--no-moot", "--max-tokens", "5", "--receipt", receipt.toString());
    assertThat(ReceiptCodec.decode(Files.readAllBytes(receipt)).terms().systemPrompt()).isEmpty();
    refused(ExitStatus.WRONG_CALL, "name a model", "run", "--no-moot", "moot", "hello");

    cli.reading("hello\n");
    ok("chat", "--max-tokens", "5");
    assertThat(cli.err()).contains("by decision of the moot 'birds'");
  }

  @Test
  void theRulesChangeByVoteAndMembersLeave() throws IOException {
    found();
    decide("propose", "rules", "--period", "2m", "--name", "all birds");
    assertThat(json("moot", "show", "--json").at("/rules/votingPeriodMillis").asLong())
        .isEqualTo(120_000);
    assertThat(ok("moot", "ls")).contains("all birds");
    ok("moot", "leave");
    assertThat(json("moot", "members", "--json").get("members")).isEmpty();
    refused(ExitStatus.WRONG_CALL, "does not belong", "propose", "prompt", "x");
  }
}
