package org.folkmoot.cli;

import static org.folkmoot.base.FolkmootException.Code.BAD_REQUEST;
import static org.folkmoot.base.FolkmootException.Code.NOT_FOUND;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.cli.CanaryTest.Tested;
import org.folkmoot.cli.swarm.SwarmNode;
import org.folkmoot.route.RouteConstraints;
import org.folkmoot.session.SwarmGeneration;
import org.folkmoot.session.SwarmModel;
import org.folkmoot.wire.Announcement;
import org.folkmoot.wire.ModelId;
import org.folkmoot.wire.Offer;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Tests peers for what they do to answers without saying so. */
@Command(
    name = "canary",
    description = {
      "Test the peers that serve a model for answers that they alter or filter without saying so.",
      "Each is asked public questions, some of them about what filters look for, and its answers"
          + " are computed again: with the model's weights on this machine, without them by other"
          + " peers. Whoever alters one has convicted itself, and the swarm is told."
    })
final class CanaryCommand implements Callable<Integer> {
  private final Surroundings surroundings;

  @Parameters(index = "0", paramLabel = "MODEL", description = "As the swarm calls it.")
  private String reference = "";

  @Option(
      names = "--peer",
      paramLabel = "PEER",
      description = "Test only this peer: the beginning of its name, as 'peers' shows it.")
  private List<String> peers = List.of();

  @Option(
      names = "--prompt",
      paramLabel = "TEXT",
      description =
          "Ask this instead of the usual questions; may be given several times. It is shown to"
              + " others if a peer alters the answer.")
  private List<String> prompts = List.of();

  @Option(
      names = "--questions",
      defaultValue = "4",
      paramLabel = "N",
      description = "Questions for each peer, of the usual ones (default: ${DEFAULT-VALUE}).")
  private int questions;

  @Option(
      names = "--max-tokens",
      defaultValue = "48",
      paramLabel = "N",
      description = "Tokens of each answer (default: ${DEFAULT-VALUE}).")
  private int tokens;

  @Option(
      names = "--quiet",
      description = "Keep what is proven to yourself: the swarm is not told.")
  private boolean quiet;

  @Option(names = "--no-policy", description = "Leave out peers whose operators declare a policy.")
  private boolean noPolicy;

  @Mixin private EngineOptions engine;

  @Mixin private JsonOption json;

  CanaryCommand(Surroundings surroundings) {
    this.surroundings = surroundings;
  }

  @Override
  public Integer call() {
    if (tokens < 1 || questions < 1 || questions > Canaries.PROMPTS.size()) {
      throw new FolkmootException(
          BAD_REQUEST,
          "--max-tokens is at least 1, and --questions 1 to " + Canaries.PROMPTS.size());
    }
    SwarmNode node = Swarms.asking(surroundings);
    List<Tested> all = new ArrayList<>();
    try (node) {
      SwarmModel model =
          Swarms.model(
              surroundings,
              node,
              reference,
              Swarms.options(Integer.MAX_VALUE, false, constraints(), () -> {}),
              new SwarmGeneration.Watcher() {});
      try (CanaryTest test =
          CanaryTest.of(surroundings, node, model, engine.settings(1), tokens, !quiet)) {
        // Who serves it is told by gossip: whoever answers first need not know the others yet.
        boolean _ = node.await(SwarmReport.LOOK, () -> false);
        for (CanaryTest.Candidate candidate : candidates(node, model)) {
          surroundings.console().note("asking " + candidate.peer());
          all.add(test.test(candidate, asked(all.size())));
        }
      }
    }
    return report(all);
  }

  private RouteConstraints constraints() {
    return noPolicy ? RouteConstraints.NONE.withoutPolicies() : RouteConstraints.NONE;
  }

  /** Other questions for each peer, so that together all are asked. */
  private List<String> asked(int peer) {
    if (!prompts.isEmpty()) {
      return prompts;
    }
    List<String> some = new ArrayList<>();
    int count = Canaries.PROMPTS.size();
    for (int i = 0; i < questions; i++) {
      // A step that shares no factor with their number goes through all of them.
      some.add(Canaries.PROMPTS.get((peer + i * 5) % count));
    }
    return some;
  }

  private List<CanaryTest.Candidate> candidates(SwarmNode node, SwarmModel model) {
    List<CanaryTest.Candidate> all = new ArrayList<>();
    for (Announcement announcement : node.known()) {
      boolean meant =
          peers.isEmpty()
              || peers.stream()
                  .anyMatch(
                      name -> announcement.peer().text().startsWith(name.toLowerCase(Locale.ROOT)));
      boolean refused = noPolicy && announcement.policy().isPresent();
      for (Offer offer : announcement.offers()) {
        if (meant && !refused && isOf(offer.model(), model)) {
          all.add(
              new CanaryTest.Candidate(announcement.peer(), offer.range(), announcement.policy()));
        }
      }
    }
    if (all.isEmpty()) {
      throw new FolkmootException(
          NOT_FOUND, "no such peer serves '%s' now: see 'folkmoot peers'".formatted(reference));
    }
    return all;
  }

  private static boolean isOf(ModelId id, SwarmModel model) {
    return id.sha256().hex().equals(model.digest());
  }

  private int report(List<Tested> all) {
    boolean holds = all.stream().allMatch(Tested::holds);
    Console console = surroundings.console();
    if (json.isWished()) {
      Map<String, Object> root = new LinkedHashMap<>();
      root.put("model", reference);
      root.put("holds", holds);
      root.put("peers", all.stream().map(CanaryCommand::json).toList());
      JsonOutput.print(console, root);
      return holds ? ExitStatus.OK : ExitStatus.FAILED;
    }
    Style style = console.outStyle();
    for (Tested tested : all) {
      console
          .out()
          .printf(
              "%s  layers %s  policy %s%n",
              style.strong(tested.candidate().peer().toString()),
              SwarmReport.layers(tested.candidate().range()),
              tested.candidate().policy().map(String::valueOf).orElse("–"));
      for (CanaryTest.Answered answered : tested.answers()) {
        String mark =
            switch (answered.outcome()) {
              case HELD -> style.good("✓");
              case FAILED -> style.bad("✗");
              case NOT_CHECKED -> style.faint("–");
            };
        console.out().printf("  %s %s%n", mark, answered.prompt());
        answered.lines().forEach(line -> console.out().printf("      %s%n", line));
      }
      tested.proven().ifPresent(line -> console.out().printf("  %s%n", style.bad(line)));
    }
    console.out().println();
    console
        .out()
        .println(
            style.strong(
                holds
                    ? "nobody altered an answer"
                    : all.stream().anyMatch(Tested::failed)
                        ? "NOT all answers are what the model gives"
                        : "nothing is wrong, but not every answer could be checked"));
    return holds ? ExitStatus.OK : ExitStatus.FAILED;
  }

  private static Map<String, Object> json(Tested tested) {
    Map<String, Object> one = new LinkedHashMap<>();
    one.put("peer", tested.candidate().peer().text());
    one.put("layers", SwarmReport.layers(tested.candidate().range()));
    tested.candidate().policy().ifPresent(policy -> one.put("policy", policy.hex()));
    one.put("holds", tested.holds());
    tested.proven().ifPresent(line -> one.put("proven", line));
    List<Object> answers = new ArrayList<>();
    for (CanaryTest.Answered answered : tested.answers()) {
      Map<String, Object> answer = new LinkedHashMap<>();
      answer.put("prompt", answered.prompt());
      answer.put("outcome", answered.outcome().name().toLowerCase(Locale.ROOT));
      answer.put("lines", answered.lines());
      answers.add(answer);
    }
    one.put("answers", answers);
    return one;
  }
}
