package org.folkmoot.cli;

import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The commands of {@code folkmoot}. To add one: its name in {@link #NAMES} and its class in {@link
 * #create}.
 *
 * <p>Only the command that was called is created; the others' classes are not even loaded, which
 * keeps the first token of {@code run} close.
 */
final class Commands {
  /** In the order of the help. The launcher's own {@code warmup} is hidden. */
  static final List<String> NAMES =
      List.of(
          "demo",
          "demo-moot",
          "run",
          "chat",
          "serve",
          "join",
          "invite",
          "status",
          "peers",
          "policy",
          "verify",
          "ledger",
          "credits",
          "moot",
          "propose",
          "vote",
          "delegate",
          "veto",
          "enact",
          "proposals",
          "tally",
          "canary",
          "pull",
          "ls",
          "ps",
          "show",
          "rm",
          "catalogue",
          "import",
          "quantize",
          "doctor",
          "bench",
          "bench-swarm",
          "bench-ledger",
          "bench-proof");

  /** Those that will compute: their vector code is made ready while the call is read. */
  static final Set<String> COMPUTING =
      Set.of(
          "run",
          "chat",
          "serve",
          "bench",
          "bench-swarm",
          "bench-proof",
          "demo",
          "demo-moot",
          "verify",
          "canary",
          "doctor");

  private Commands() {}

  /** The command of a name or an alias; null where there is none. */
  static @Nullable Object create(String name, Surroundings surroundings) {
    return switch (name) {
      case "run" -> new RunCommand(surroundings);
      case "chat" -> new ChatCommand(surroundings);
      case "serve" -> new ServeCommand(surroundings, new LocalEngine(surroundings));
      case "demo" -> new DemoCommand(surroundings);
      case "demo-moot" -> new DemoMootCommand(surroundings);
      case "join" -> new JoinCommand(surroundings);
      case "invite" -> new InviteCommand(surroundings);
      case "status" -> new StatusCommand(surroundings);
      case "peers" -> new PeersCommand(surroundings);
      case "policy" -> new PolicyCommand(surroundings);
      case "verify" -> new VerifyCommand(surroundings);
      case "ledger" -> new LedgerCommand(surroundings);
      case "credits" -> new CreditsCommand(surroundings);
      case "moot" -> new MootCommand(surroundings);
      case "propose" -> new ProposeCommand(surroundings);
      case "vote" -> new VoteCommand(surroundings);
      case "delegate" -> new DelegateCommand(surroundings);
      case "veto" -> new VetoCommand(surroundings);
      case "enact" -> new EnactCommand(surroundings);
      case "proposals" -> new ProposalsCommand(surroundings);
      case "tally" -> new TallyCommand(surroundings);
      case "canary" -> new CanaryCommand(surroundings);
      case "pull" -> new PullCommand(surroundings);
      case "ls", "list" -> new LsCommand(surroundings);
      case "ps" -> new PsCommand(surroundings);
      case "show" -> new ShowCommand(surroundings);
      case "rm" -> new RmCommand(surroundings);
      case "catalogue", "models" -> new CatalogueCommand(surroundings);
      case "import" -> new ImportCommand(surroundings);
      case "quantize", "quantise" -> new QuantizeCommand(surroundings);
      case "doctor" -> new DoctorCommand(surroundings);
      case "bench" -> new BenchCommand(surroundings);
      case "bench-ledger" -> new BenchLedgerCommand(surroundings);
      case "bench-proof" -> new BenchProofCommand(surroundings);
      case "bench-swarm" -> new BenchSwarmCommand(surroundings);
      case "warmup" -> new WarmupCommand(surroundings);
      default -> null;
    };
  }
}
