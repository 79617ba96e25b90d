package org.folkmoot.cli;

import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Opens a chat. */
@Command(
    name = "chat",
    description = {
      "Chat with a model, pulled first if it is not here.",
      "With piped input, each line is a message, and only the answers are printed."
    })
final class ChatCommand implements Callable<Integer> {
  private final Surroundings surroundings;

  @Parameters(
      arity = "0..1",
      paramLabel = "MODEL",
      description = {
        "A name (smollm2:135m), a file (./x.gguf), or a source as 'pull' takes it.",
        "Left out, or 'moot': the one that this home's moot has adopted."
      })
  private @Nullable String named;

  @Mixin private AnswerOptions answer;

  @Option(names = "--verbose", description = "Say after each answer what it took.")
  private boolean verbose;

  @Option(
      names = "--swarm",
      description = "Ask the swarm of this home, even if the model is on this machine.")
  private boolean throughSwarm;

  @Mixin private PeerOptions peers;

  @Mixin private EngineOptions engine;

  ChatCommand(Surroundings surroundings) {
    this.surroundings = surroundings;
  }

  @Override
  public Integer call() {
    MootDefaults defaults = answer.defaults(surroundings);
    return Chat.run(
        surroundings,
        new Chat.Start(
            ModelChoice.of(surroundings, named, List.of(), defaults).reference(),
            engine.settings(1),
            throughSwarm,
            answer.settings(),
            answer.system(),
            answer.told(),
            verbose,
            peers.wish(),
            defaults));
  }
}
