package org.folkmoot.cli;

import static org.folkmoot.base.FolkmootException.Code.BAD_REQUEST;
import static org.folkmoot.base.FolkmootException.Code.BUSY;
import static org.folkmoot.moot.Proposal.State.ACTIVE;
import static org.folkmoot.moot.Proposal.State.PENDING;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.function.Predicate;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.base.Hash32;
import org.folkmoot.cli.DemoMoot.Person;
import org.folkmoot.cli.swarm.Listening;
import org.folkmoot.cli.swarm.SwarmFolder;
import org.folkmoot.ledger.entry.Entry;
import org.folkmoot.moot.Moot;
import org.folkmoot.moot.Proposal;
import org.folkmoot.store.StoredModel;
import org.folkmoot.wire.PeerId;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Shows in one go what a moot is. */
@Command(
    name = "demo-moot",
    description = {
      "See a community decide: 'folkmoot demo moot'.",
      "Starts the nodes of three people on this machine; one founds a moot and invites the others;"
          + " they propose a model and a system prompt, vote, and enact; the defaults of all three"
          + " nodes change, and show in a receipt. Exit status 1 if anything does not hold."
    })
final class DemoMootCommand implements Callable<Integer> {
  private static final String MODEL = "smollm2:135m";
  private static final String PROMPT = "You answer in one short sentence.";
  private static final String QUESTION = "Why do birds sing?";
  private static final int LEAST_SECONDS = 10;

  private final Surroundings surroundings;
  private final Console console;

  @Option(names = "--model", defaultValue = MODEL, description = "Which model (${DEFAULT-VALUE}).")
  private String reference;

  @Option(
      names = "--period",
      paramLabel = "SECONDS",
      defaultValue = "20",
      description = "How long votes are open (default: ${DEFAULT-VALUE}).")
  private int seconds;

  @Option(
      names = "--max-tokens",
      paramLabel = "N",
      defaultValue = "32",
      description = "The most tokens of an answer (default: ${DEFAULT-VALUE}).")
  private int maxTokens;

  @Option(
      names = "--anchor",
      description =
          "Also record what was decided on an EVM chain (a node of its own, installed through npm),"
              + " and have its contracts count the votes again.")
  private boolean anchored;

  DemoMootCommand(Surroundings surroundings) {
    this.surroundings = surroundings;
    console = surroundings.console();
  }

  @Override
  public Integer call() {
    if (seconds < LEAST_SECONDS || seconds > 3600) {
      throw new FolkmootException(
          BAD_REQUEST, "--period is from %d to 3600 seconds".formatted(LEAST_SECONDS));
    }
    StoredModel model = Models.find(surroundings, reference);
    try (DemoMoot demo = new DemoMoot(surroundings, List.of("anna", "ben", "chloe"))) {
      return new Story(demo, model).tell() ? ExitStatus.OK : ExitStatus.FAILED;
    }
  }

  private void say(String line) {
    console.note(line);
  }

  private void chapter(String line) {
    say("");
    say(line);
  }

  /** What happens, in order. */
  private final class Story {
    private final DemoMoot demo;
    private final StoredModel model;
    private final Person anna;
    private final Person ben;
    private final Person chloe;
    private Hash32 id = Hash32.of(new byte[Hash32.BYTES]);

    private Story(DemoMoot demo, StoredModel model) {
      this.demo = demo;
      this.model = model;
      anna = demo.people().get(0);
      ben = demo.people().get(1);
      chloe = demo.people().get(2);
    }

    private boolean tell() {
      meet();
      found();
      List<Hash32> proposals = propose();
      vote(proposals);
      count(proposals);
      enact(proposals);
      boolean holds = use();
      holds &= compare(proposals);
      if (anchored) {
        holds &= new DemoChain(surroundings, demo).compare(anna, demo.moot(anna, id), proposals);
      }
      holds &= check();
      return holds;
    }

    /** The three nodes find each other. */
    private void meet() {
      say("Three people want to decide together what their nodes do. Each has a home and a node,");
      say("here a process on this machine. anna opens a swarm; the others come by her link.");
      demo.start(anna, "--swarm");
      String link = demo.type(anna, "invite", "--no-qr").strip();
      for (Person other : List.of(ben, chloe)) {
        say(console.errStyle().strong(other.name + "$ folkmoot join folkmoot://…"));
        DemoMoot.Said _ = demo.run(other, "join", link);
        demo.start(other);
      }
      for (Person person : demo.people()) {
        say("  %-6s %s  process %d".formatted(person.name, peer(person), person.pid()));
      }
    }

    private String peer(Person person) {
      return peerId(person).toString();
    }

    private static PeerId peerId(Person person) {
      return Listening.read(new SwarmFolder(person.home)).orElseThrow().peer();
    }

    private void found() {
      chapter("anna founds a moot. Its rules are the first entry of her feed, which only grows.");
      String said =
          demo.type(
              anna,
              "moot",
              "create",
              "birds",
              "--delay",
              "2s",
              "--period",
              seconds + "s",
              "--extension",
              "5s",
              "--timelock",
              "3s",
              "--quorum",
              "60",
              "--witnesses",
              "2");
      id = Hash32.ofHex(said.lines().findFirst().orElseThrow().replaceAll(".*: ", "").strip());
      DemoMoot.Said _ = demo.run(anna, "moot", "join", "birds", "--name", "anna");
      String _ = demo.type(anna, "moot", "invite", peer(ben), peer(chloe));
      chapter("The invitations reach the others' homes with copies of anna's feed.");
      for (Person other : List.of(ben, chloe)) {
        demo.await(
            other.name + " hears of the invitation",
            () -> demo.sees(other, id, moot -> moot.invited().size() + moot.members().size() == 3));
        String _ = demo.type(other, "moot", "join", "--name", other.name);
        demo.await(
            "all see " + other.name + " as a member",
            () -> everybody(moot -> moot.members().size() >= (other == ben ? 2 : 3)));
      }
      String _ = demo.type(chloe, "delegate", "ben");
      demo.await("ben votes for chloe", () -> everybody(moot -> moot.delegations().size() == 1));
      String _ = demo.type(anna, "moot", "members");
    }

    private boolean everybody(Predicate<Moot> holds) {
      return demo.people().stream().allMatch(person -> demo.sees(person, id, holds));
    }

    private List<Hash32> propose() {
      chapter(
          "anna proposes a model, ben a system prompt. Proposals count once both others cosigned.");
      Hash32 first =
          named(demo.type(anna, "propose", "model", model.name(), "--why", "small and open"));
      Hash32 second = named(demo.type(ben, "propose", "prompt", PROMPT, "--why", "we are busy"));
      demo.await(
          "both proposals count",
          () ->
              everybody(
                  moot -> moot.proposal(first).isPresent() && moot.proposal(second).isPresent()));
      return List.of(first, second);
    }

    /** The proposal that a command has just written: its id is whole in the ledger only. */
    private Hash32 named(String said) {
      String begins = said.replaceAll("(?s)^proposal ([0-9a-f]+):.*", "$1");
      List<Hash32> found = new ArrayList<>();
      for (Person person : List.of(anna, ben)) {
        demo.moot(person, id).fates().stream()
            .map(fate -> fate.written().id())
            .filter(hash -> hash.hex().startsWith(begins) && !found.contains(hash))
            .forEach(found::add);
      }
      return found.getFirst();
    }

    private void vote(List<Hash32> proposals) {
      chapter(
          "They vote, each in the own feed, with a reason if they like. chloe has another taste");
      say("in models; on the prompt she has not voted when ben does, so he votes for her.");
      String first = proposals.get(0).toString();
      String second = proposals.get(1).toString();
      demo.await(
          "the vote is open",
          () -> everybody(moot -> proposals.stream().noneMatch(one -> is(moot, one, PENDING))));
      String _ = demo.type(chloe, "vote", first, "no", "too small for me");
      demo.await(
          "chloe's vote counts",
          () ->
              everybody(moot ->
                  casts(moot, proposals.get(0)) == 1 || !is(moot, proposals.get(0), ACTIVE)));
      String _ = demo.type(anna, "vote", first, "yes", "it runs on my old laptop");
      String _ = demo.type(ben, "vote", first, "yes");
      String _ = demo.type(anna, "vote", second, "abstain");
      String _ = demo.type(ben, "vote", second, "yes", "short is good");
      demo.await(
          "the votes are over",
          () ->
              everybody(moot ->
                  proposals.stream()
                      .allMatch(
                          one -> casts(moot, one) == 3 || over(moot.proposal(one).orElseThrow()))));
      for (Hash32 proposal : proposals) {
        if (casts(demo.moot(ben, id), proposal) < 3) {
          throw new FolkmootException(
              BUSY,
              "the vote was over before all had voted: this machine is busy, try --period 120");
        }
      }
      String _ = demo.type(ben, "proposals");
      say("waiting for the deadline and the timelock …");
      demo.await(
          "the timelock has run out",
          () ->
              everybody(moot ->
                  proposals.stream()
                      .map(one -> moot.proposal(one).orElseThrow())
                      .allMatch(one -> over(one) && one.ready() <= moot.seconds())));
    }

    private static boolean is(Moot moot, Hash32 proposal, Proposal.State state) {
      return moot.proposal(proposal).orElseThrow().state() == state;
    }

    private static int casts(Moot moot, Hash32 proposal) {
      return moot.proposal(proposal).orElseThrow().tally().casts().size();
    }

    private static boolean over(Proposal proposal) {
      return switch (proposal.state()) {
        case PENDING, ACTIVE -> false;
        case DEFEATED, QUEUED, ENACTED, VETOED, WITHDRAWN -> true;
      };
    }

    private void count(List<Hash32> proposals) {
      chapter("chloe, who was outvoted, counts for herself. Nobody has to be believed:");
      String _ = demo.type(chloe, "tally", proposals.get(0).toString(), "--explain");
    }

    private void enact(List<Hash32> proposals) {
      chapter("Any member may now enact what succeeded.");
      String _ = demo.type(ben, "enact", proposals.get(0).toString());
      String _ = demo.type(anna, "enact", proposals.get(1).toString());
      demo.await(
          "all three nodes follow",
          () ->
              demo.people().stream()
                  .map(demo::defaults)
                  .allMatch(one -> one.model().isPresent() && one.policy().isPresent()));
      say("The nodes say what changed, and who decided:");
      for (Person person : demo.people()) {
        demo.log(
                person,
                line ->
                    line.contains("has decided") || (person == anna && line.contains("for it:")))
            .forEach(line -> say("  %-6s %s".formatted(person.name, line)));
      }
    }

    /** Each asks without naming a model; what the moot decided shows in the receipts. */
    private boolean use() {
      chapter("Now each asks without naming a model. What shaped the answer is in its receipt.");
      boolean holds = true;
      for (Person person : demo.people()) {
        Path receipt = person.home.resolve("r.cbor");
        String[] run = {
          "run",
          QUESTION,
          "--temperature",
          "0",
          "--max-tokens",
          Integer.toString(maxTokens),
          "--receipt",
          receipt.toString()
        };
        if (person == anna) {
          say(
              console
                  .errStyle()
                  .strong("anna$ folkmoot run \"" + QUESTION + "\" --receipt r.cbor"));
        }
        DemoMoot.Said said = demo.run(person, run);
        if (said.status() != ExitStatus.OK) {
          say("  " + person.name + ": " + said.err().strip());
          return false;
        }
        if (person == anna) {
          said.err().lines().limit(1).forEach(line -> say("    " + line));
          said.out().lines().forEach(line -> say("    " + line));
        }
        holds &= shows(person, receipt);
      }
      say("What a person chooses goes first: --system, --no-moot or a model's name overrule it.");
      return holds;
    }

    private boolean shows(Person person, Path receipt) {
      DemoMoot.Said verified =
          demo.run(person, "verify", receipt.toString(), "--offline", "--json");
      Hash32 policy = demo.defaults(person).policy().orElseThrow().hash();
      boolean shown =
          verified.status() == ExitStatus.OK
              && verified.out().contains(policy.hex())
              && verified.out().contains(model.sha256());
      say(
          shown
              ? "  %-6s the receipt names the model %s and the policy %s: the moot's"
                  .formatted(person.name, Models.shortHash(model.sha256()), policy)
              : "  %-6s the receipt does NOT show the moot's model and policy"
                  .formatted(person.name));
      return shown;
    }

    private boolean compare(List<Hash32> proposals) {
      chapter("All three counted alone, each from the own copies of the feeds:");
      boolean same = true;
      for (Hash32 proposal : proposals) {
        List<Proposal> counted =
            demo.people().stream()
                .map(person -> demo.moot(person, id).proposal(proposal).orElseThrow())
                .toList();
        boolean equal = counted.stream().distinct().count() == 1;
        same &= equal;
        say(
            "  %s  %s, %s: %s"
                .formatted(
                    proposal,
                    MootText.counts(counted.getFirst().tally()),
                    counted.getFirst().state().name().toLowerCase(Locale.ROOT),
                    equal ? "the same in all three homes" : "DIFFERENT"));
      }
      return same
          && demo.moot(anna, id).adopted(Entry.Subject.MODEL).isPresent()
          && demo.moot(anna, id).adoptedPolicy().isPresent();
    }

    private boolean check() {
      chapter("At last an independent checker reads every home's ledger, trusting nothing in it:");
      demo.stop();
      boolean whole = true;
      for (Person person : demo.people()) {
        DemoMoot.Said said = demo.run(person, "ledger", "fsck");
        whole &= said.status() == ExitStatus.OK;
        say("  %-6s %s".formatted(person.name, PlainText.line(said.out(), 90)));
      }
      return whole;
    }
  }
}
