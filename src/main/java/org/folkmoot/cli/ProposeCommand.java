package org.folkmoot.cli;

import static org.folkmoot.base.FolkmootException.Code.BAD_REQUEST;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.function.BiFunction;
import org.folkmoot.api.Policy;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.base.Hash32;
import org.folkmoot.ledger.Ledger;
import org.folkmoot.ledger.entry.Entry;
import org.folkmoot.ledger.entry.EntryCodec;
import org.folkmoot.moot.Moot;
import org.folkmoot.store.StoredModel;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Puts something to the vote of a moot. */
@Command(
    name = "propose",
    description = "Put something to the vote of this home's moot.",
    synopsisSubcommandLabel = "WHAT")
final class ProposeCommand {
  /** What every proposal has. */
  static final class About {
    @Option(
        names = "--title",
        paramLabel = "TEXT",
        description = "In a few words (default: what is proposed).")
    private @Nullable String title;

    @Option(names = "--why", paramLabel = "TEXT", description = "Why, for those who vote.")
    private @Nullable String why;

    @Mixin private MootHome.Choice choice;

    @Mixin private JsonOption json;
  }

  private final Surroundings surroundings;

  ProposeCommand(Surroundings surroundings) {
    this.surroundings = surroundings;
  }

  private int propose(About about, BiFunction<MootHome, Moot, Entry.Motion> motion) {
    try (MootHome home = MootHome.open(surroundings)) {
      Moot moot = home.asMember(about.choice.named());
      Entry.Motion moved = motion.apply(home, moot);
      String words = MootText.motion(moot, moved);
      String title = about.title == null ? words : about.title;
      Ledger.Receipt receipt =
          home.write(
              new Entry.Proposal(
                  surroundings.clock().millis(),
                  moot.id(),
                  title.substring(0, Math.min(title.length(), EntryCodec.MAX_LINE)),
                  about.why == null ? "" : about.why,
                  moved));
      Console console = surroundings.console();
      if (about.json.isWished()) {
        JsonOutput.print(console, Map.of("id", receipt.id().hex(), "motion", words));
      } else {
        console.out().printf("proposal %s: %s%n", receipt.id(), words);
      }
      home.sayFate(moot, receipt);
    }
    return ExitStatus.OK;
  }

  @Command(
      name = "model",
      mixinStandardHelpOptions = true,
      description = "Make a model the default of members' nodes.")
  int model(
      @Parameters(paramLabel = "MODEL", description = "One on this machine, or pulled first.")
          String name,
      @Mixin About about) {
    return propose(
        about,
        (_, _) -> {
          StoredModel model = Models.find(surroundings, name);
          return new Entry.Motion.Adopt(
              Entry.Subject.MODEL, Hash32.ofHex(model.sha256()), model.name());
        });
  }

  @Command(
      name = "adapter",
      mixinStandardHelpOptions = true,
      description = "Make an adapter the default of members' nodes.")
  int adapter(
      @Parameters(index = "0", paramLabel = "SHA256", description = "Of its file.") String sha256,
      @Parameters(index = "1", paramLabel = "NAME", description = "What it is called.") String name,
      @Mixin About about) {
    return propose(
        about, (_, _) -> new Entry.Motion.Adopt(Entry.Subject.ADAPTER, Hash32.ofHex(sha256), name));
  }

  @Command(name = "dataset", mixinStandardHelpOptions = true, description = "Adopt a dataset.")
  int dataset(
      @Parameters(index = "0", paramLabel = "SHA256", description = "Of its manifest.")
          String sha256,
      @Parameters(index = "1", paramLabel = "NAME", description = "What it is called.") String name,
      @Mixin About about) {
    return propose(
        about, (_, _) -> new Entry.Motion.Adopt(Entry.Subject.DATASET, Hash32.ofHex(sha256), name));
  }

  @Command(
      name = "prompt",
      mixinStandardHelpOptions = true,
      description = {
        "Make a system prompt the default of members' nodes.",
        "It is public, and a declared policy: its hash is in the receipts of what it shapes."
      })
  int prompt(
      @Parameters(paramLabel = "TEXT", description = "What models are told first.") String text,
      @Mixin About about) {
    if (text.isBlank()) {
      throw new FolkmootException(BAD_REQUEST, "a system prompt has words");
    }
    return propose(about, (_, _) -> new Entry.Motion.AdoptPrompt(text));
  }

  @Command(
      name = "policy",
      mixinStandardHelpOptions = true,
      description = "Make a policy (docs/policy.md) the default of members' nodes.")
  int policy(
      @Parameters(paramLabel = "FILE", description = "Its JSON file; it becomes public.") Path file,
      @Mixin About about) {
    Policy policy = Policy.read(file);
    return propose(
        about,
        (_, _) -> new Entry.Motion.AdoptPolicy(new String(policy.bytes(), StandardCharsets.UTF_8)));
  }

  @Command(
      name = "train",
      mixinStandardHelpOptions = true,
      description = "Start a training run by a recipe that is committed to.")
  int train(
      @Parameters(index = "0", paramLabel = "RECIPE", description = "SHA-256 of the recipe.")
          String recipe,
      @Parameters(index = "1", paramLabel = "BASE", description = "SHA-256 of the base model.")
          String base,
      @Mixin About about) {
    return propose(
        about, (_, _) -> new Entry.Motion.Train(Hash32.ofHex(recipe), Hash32.ofHex(base)));
  }

  @Command(
      name = "admit",
      mixinStandardHelpOptions = true,
      description = "Let a peer become a member.")
  int admit(
      @Parameters(paramLabel = "PEER", description = "Its id.") String peer, @Mixin About about) {
    return propose(about, (home, moot) -> new Entry.Motion.Admit(home.person(moot, peer)));
  }

  @Command(
      name = "remove",
      mixinStandardHelpOptions = true,
      description = "Put a member out; only a vote lets it in again.")
  int remove(
      @Parameters(paramLabel = "PEER", description = "Its id, or a member's name.") String peer,
      @Mixin About about) {
    return propose(about, (home, moot) -> new Entry.Motion.Remove(home.person(moot, peer)));
  }

  @Command(
      name = "rules",
      mixinStandardHelpOptions = true,
      description = {
        "Change the charter's rules for what is proposed later.",
        "What is not named stays as it is."
      })
  int rules(
      @Option(names = "--name", paramLabel = "NAME", description = "Another name for the moot.")
          @Nullable String name,
      @Mixin RulesOptions options,
      @Mixin About about) {
    return propose(
        about,
        (home, moot) -> {
          Entry.Rules rules =
              options.rules(
                  name == null ? moot.name() : name,
                  Optional.of(moot.rules()),
                  text -> home.person(moot, text));
          if (rules.equals(moot.rules())) {
            throw new FolkmootException(BAD_REQUEST, "nothing changes: say what, as '--period 5d'");
          }
          return new Entry.Motion.ChangeRules(rules);
        });
  }
}
