package org.folkmoot.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.folkmoot.api.Policy;
import org.folkmoot.base.Hash32;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a running node declares when its moot decides, and when its operator has chosen. */
class DeclaredPolicyTest {
  @TempDir Path home;
  private final TestConsole cli = new TestConsole();
  private final List<Optional<Hash32>> told = new ArrayList<>();

  @BeforeEach
  void setHome() {
    cli.environment.put("FOLKMOOT_HOME", home.toString());
  }

  private static String policy(String prompt) {
    return "{\"systemPrompt\":\"" + prompt + "\"}";
  }

  /** The file of defaults as a decision leaves it. */
  private MootDefaults decided(String text) throws IOException {
    Path file = MootDefaults.file(cli.surroundings());
    Files.createDirectories(file.getParent());
    String escaped = text.replace("\\", "\\\\").replace(":", "\\:");
    Files.writeString(
        file, text.isEmpty() ? "moot=birds\n" : "moot=birds\npolicy.text=" + escaped + "\n");
    return MootDefaults.read(cli.surroundings());
  }

  private static Hash32 hash(String text) {
    return Policy.of(text.getBytes(StandardCharsets.UTF_8)).hash();
  }

  @Test
  void aDecisionIsFollowedAtOnceAndSaid() throws IOException {
    DeclaredPolicy declared =
        DeclaredPolicy.ofMoot(cli.console(), decided(policy("Speak of birds.")));
    declared.tell(now -> told.add(now.map(Policy::hash)));
    Hash32 first = hash(policy("Speak of birds."));
    Hash32 second = hash(policy("Speak of fish."));
    assertThat(declared.get().map(Policy::hash)).contains(first);
    assertThat(cli.err()).contains("by decision of the moot 'birds'", first.toString());
    declared.follow(decided(policy("Speak of fish.")));
    assertThat(declared.get().map(Policy::hash)).contains(second);
    assertThat(cli.err()).contains(second.toString());
    declared.follow(decided(policy("Speak of fish.")));
    declared.follow(decided("no policy at all"));
    assertThat(declared.get().map(Policy::hash)).as("what is none is left aside").contains(second);
    declared.follow(decided(""));
    assertThat(declared.get()).isEmpty();
    assertThat(cli.err()).contains("declaring no policy any more");
    assertThat(told).containsExactly(Optional.of(first), Optional.of(second), Optional.empty());
  }

  @Test
  void whatAPersonHasChosenStays() throws IOException {
    Policy own = Policy.of(policy("My own.").getBytes(StandardCharsets.UTF_8));
    for (Optional<Policy> chosen : List.of(Optional.of(own), Optional.<Policy>empty())) {
      DeclaredPolicy declared = DeclaredPolicy.ofOperator(chosen);
      declared.tell(now -> told.add(now.map(Policy::hash)));
      declared.follow(decided(policy("Speak of birds.")));
      assertThat(declared.get()).isEqualTo(chosen);
    }
    assertThat(told).isEmpty();
    assertThat(cli.err()).isEmpty();
  }
}
