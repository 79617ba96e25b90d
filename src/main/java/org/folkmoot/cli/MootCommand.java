package org.folkmoot.cli;

import static org.folkmoot.base.FolkmootException.Code.BAD_REQUEST;
import static org.folkmoot.base.FolkmootException.Code.NOT_FOUND;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.ledger.Ledger;
import org.folkmoot.ledger.entry.Entry;
import org.folkmoot.moot.Moot;
import org.folkmoot.moot.Proposal;
import org.folkmoot.wire.PeerId;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Moots: founding one, joining, who belongs to it, by which rules it decides. */
@Command(
    name = "moot",
    description = {
      "Found a moot, invite others to it, see its rules and members.",
      "A moot is a community that decides by vote; 'propose', 'vote', 'delegate', 'proposals',"
          + " 'tally' and 'enact' are for what it decides."
    },
    synopsisSubcommandLabel = "COMMAND")
final class MootCommand {
  private static final int LONGEST = 60;

  private final Surroundings surroundings;

  MootCommand(Surroundings surroundings) {
    this.surroundings = surroundings;
  }

  @Command(
      name = "create",
      mixinStandardHelpOptions = true,
      description = "Found a moot by writing its charter into our own feed.")
  int create(
      @Parameters(paramLabel = "NAME", description = "What people call it.") String name,
      @Mixin RulesOptions options) {
    if (name.isBlank()) {
      throw new FolkmootException(BAD_REQUEST, "a moot needs a name");
    }
    try (MootHome home = MootHome.open(surroundings)) {
      Entry.Rules rules =
          options.rules(
              name, Optional.empty(), text -> text.equals("me") ? home.self() : PeerId.parse(text));
      Ledger.Receipt receipt =
          home.write(new Entry.Charter(surroundings.clock().millis(), rules, List.of(home.self())));
      home.remember(receipt.id());
      Console console = surroundings.console();
      console
          .out()
          .printf("founded the moot '%s': %s%n", PlainText.line(name, LONGEST), receipt.id().hex());
      MootText.rules(rules).forEach(line -> console.out().println("  " + line));
      console.note(
          "invite others: folkmoot moot invite PEER ('folkmoot peers' shows who is there)");
    }
    return ExitStatus.OK;
  }

  @Command(
      name = "ls",
      mixinStandardHelpOptions = true,
      description = "List the moots of which this home has heard.")
  int ls(@Mixin JsonOption json) {
    Console console = surroundings.console();
    try (MootHome home = MootHome.open(surroundings)) {
      List<Moot> all = home.all();
      if (json.isWished()) {
        JsonOutput.print(
            console, Map.of("moots", all.stream().map(moot -> json(moot, home.self())).toList()));
        return ExitStatus.OK;
      }
      Table table = new Table("MOOT", "NAME", "MEMBERS", "YOU").right("MEMBERS");
      for (Moot moot : all) {
        table.row(
            moot.id().toString(),
            PlainText.line(moot.name(), LONGEST),
            Integer.toString(moot.members().size()),
            standing(moot, home.self()));
      }
      table.print(console);
      if (all.isEmpty()) {
        console.note("No moots yet: 'folkmoot moot create NAME' founds one.");
      }
    }
    return ExitStatus.OK;
  }

  private static String standing(Moot moot, PeerId self) {
    return moot.has(self) ? "member" : moot.invited().contains(self) ? "invited" : "–";
  }

  @Command(
      name = "invite",
      mixinStandardHelpOptions = true,
      description = {
        "Let peers become members, where the charter allows a member to do so.",
        "They must be in the swarm ('folkmoot invite' makes a link to it); they then type"
            + " 'folkmoot moot join'."
      })
  int invite(
      @Parameters(paramLabel = "PEER", arity = "1..*", description = "Whom: peer ids.")
          List<String> peers,
      @Mixin MootHome.Choice choice) {
    try (MootHome home = MootHome.open(surroundings)) {
      Moot moot = home.asMember(choice.named());
      if (moot.rules().admission() != Entry.Admission.INVITATION && moot.members().size() > 1) {
        throw new FolkmootException(
            BAD_REQUEST,
            "this moot admits members by vote: 'folkmoot propose admit PEER' puts it to the vote");
      }
      List<PeerId> persons = peers.stream().map(text -> home.person(moot, text)).toList();
      for (PeerId person : persons) {
        if (moot.has(person)) {
          surroundings.console().note(person + " is a member already");
          continue;
        }
        Ledger.Receipt receipt = home.write(MootWelcome.invitation(moot, person, millis()));
        surroundings.console().out().printf("invited %s; it types: folkmoot moot join%n", person);
        home.sayFate(moot, receipt);
      }
    }
    return ExitStatus.OK;
  }

  private long millis() {
    return surroundings.clock().millis();
  }

  private Entry.Member step(Moot moot, PeerId peer, Entry.Step step, String name) {
    return new Entry.Member(millis(), moot.id(), peer, step, name);
  }

  @Command(
      name = "join",
      mixinStandardHelpOptions = true,
      description = {
        "Become a member of a moot that has invited us;",
        "or ask to become one, which its members then vote on ('folkmoot propose admit')."
      })
  int join(
      @Parameters(
              arity = "0..1",
              paramLabel = "MOOT",
              description =
                  "Its name, or the beginning of its id (default: the one that invited us).")
          @Nullable String named,
      @Option(
              names = "--name",
              paramLabel = "NAME",
              description = "What other members shall call you.")
          @Nullable String name) {
    try (MootHome home = MootHome.open(surroundings)) {
      Moot moot = named == null ? inviting(home) : home.moot(named);
      boolean again = moot.has(home.self());
      Ledger.Receipt receipt =
          home.write(step(moot, home.self(), Entry.Step.JOINED, name == null ? "" : name));
      home.remember(moot.id());
      boolean awaited = again || moot.invited().contains(home.self());
      surroundings
          .console()
          .out()
          .printf(
              awaited ? "joined the moot '%s'%n" : "asked to join the moot '%s'%n",
              PlainText.line(moot.name(), LONGEST));
      if (awaited) {
        home.sayFate(moot, receipt);
      } else {
        surroundings
            .console()
            .note("nobody has invited this home's member, %s, yet".formatted(home.self()));
      }
    }
    return ExitStatus.OK;
  }

  private static Moot inviting(MootHome home) {
    List<Moot> found =
        home.all().stream().filter(moot -> moot.invited().contains(home.self())).toList();
    if (found.size() != 1) {
      throw new FolkmootException(
          NOT_FOUND,
          found.isEmpty()
              ? "no invitation has come to this home yet: see that its node runs ('folkmoot serve')"
                  + " and that it was "
                  + home.self().text()
                  + " who was invited"
              : "several moots have invited this home's member: say which, 'folkmoot moot ls' lists"
                  + " them");
    }
    return found.getFirst();
  }

  @Command(
      name = "leave",
      mixinStandardHelpOptions = true,
      description = "Be no member any more; what was decided stays decided.")
  int leave(@Mixin MootHome.Choice choice) {
    try (MootHome home = MootHome.open(surroundings)) {
      Moot moot = home.asMember(choice.named());
      Ledger.Receipt receipt = home.write(step(moot, home.self(), Entry.Step.LEFT, ""));
      surroundings
          .console()
          .out()
          .printf("left the moot '%s'%n", PlainText.line(moot.name(), LONGEST));
      home.sayFate(moot, receipt);
    }
    return ExitStatus.OK;
  }

  @Command(
      name = "members",
      mixinStandardHelpOptions = true,
      description = "List the members of a moot, and who is invited.")
  int members(@Mixin MootHome.Choice choice, @Mixin JsonOption json) {
    Console console = surroundings.console();
    try (MootHome home = MootHome.open(surroundings)) {
      Moot moot = home.moot(choice.named());
      if (json.isWished()) {
        JsonOutput.print(console, membersJson(moot));
        return ExitStatus.OK;
      }
      Table table = new Table("PEER", "NAME", "SINCE", "VOTES THROUGH");
      for (Moot.Member member : moot.members().values()) {
        PeerId to = moot.delegations().get(member.peer());
        table.row(
            member.peer().toString(),
            member.name().isEmpty() ? "–" : PlainText.line(member.name(), LONGEST),
            MootText.when(member.since()),
            to == null ? "itself" : MootText.person(moot, to));
      }
      moot.invited().forEach(peer -> table.row(peer.toString(), "–", "invited", "–"));
      table.print(console);
    }
    return ExitStatus.OK;
  }

  private static Map<String, Object> membersJson(Moot moot) {
    List<Map<String, Object>> members = new ArrayList<>();
    for (Moot.Member member : moot.members().values()) {
      Map<String, Object> fields = new LinkedHashMap<>();
      fields.put("peer", member.peer().text());
      fields.put("name", member.name());
      fields.put("since", member.since());
      PeerId to = moot.delegations().get(member.peer());
      if (to != null) {
        fields.put("delegate", to.text());
      }
      members.add(fields);
    }
    return Map.of(
        "members", members, "invited", moot.invited().stream().map(PeerId::text).toList());
  }

  @Command(
      name = "show",
      mixinStandardHelpOptions = true,
      description = "Show a moot: its rules, what it has decided, and what is open.")
  int show(@Mixin MootHome.Choice choice, @Mixin JsonOption json) {
    Console console = surroundings.console();
    try (MootHome home = MootHome.open(surroundings)) {
      Moot moot = home.moot(choice.named());
      if (json.isWished()) {
        JsonOutput.print(console, json(moot, home.self()));
        return ExitStatus.OK;
      }
      var out = console.out();
      out.printf(
          "%s  %s%n", console.outStyle().strong(PlainText.line(moot.name(), LONGEST)), moot.id());
      out.printf(
          "  founded by %s, %s%n",
          MootText.person(moot, moot.founding().by()),
          MootText.when(Math.floorDiv(moot.founding().entry().dateMillis(), 1000L)));
      out.printf(
          "  %s, %d invited; you: %s%n",
          MootText.count(moot.members().size(), "member"),
          moot.invited().size(),
          standing(moot, home.self()));
      MootText.rules(moot.rules()).forEach(line -> out.println("  " + line));
      for (Moot.Decision decision : moot.decisions()) {
        out.printf(
            "  decided %s: %s%n    %s%n",
            MootText.when(decision.seconds()),
            MootText.motion(moot, decision.motion()),
            MootText.decided(decision));
      }
      long open = moot.proposals().stream().filter(MootCommand::isOpen).count();
      out.printf("  open: %s ('folkmoot proposals')%n", MootText.count(open, "proposal"));
    }
    return ExitStatus.OK;
  }

  static boolean isOpen(Proposal proposal) {
    return switch (proposal.state()) {
      case PENDING, ACTIVE, QUEUED -> true;
      case DEFEATED, ENACTED, VETOED, WITHDRAWN -> false;
    };
  }

  private static Map<String, Object> json(Moot moot, PeerId self) {
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("id", moot.id().hex());
    fields.put("rules", MootText.json(moot.rules()));
    fields.put("founder", moot.founding().by().text());
    fields.put("standing", standing(moot, self));
    fields.putAll(membersJson(moot));
    List<Map<String, Object>> decisions = new ArrayList<>();
    for (Moot.Decision decision : moot.decisions()) {
      Map<String, Object> one = new LinkedHashMap<>();
      one.put("proposal", decision.proposal().id().hex());
      one.put("seconds", decision.seconds());
      one.put("motion", MootText.motion(moot, decision.motion()));
      decisions.add(one);
    }
    fields.put("decisions", decisions);
    return fields;
  }
}
