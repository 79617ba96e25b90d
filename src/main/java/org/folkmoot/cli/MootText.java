package org.folkmoot.cli;

import java.math.BigDecimal;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import org.folkmoot.ledger.entry.Entry;
import org.folkmoot.moot.Moot;
import org.folkmoot.moot.Proposal;
import org.folkmoot.moot.Tally;
import org.folkmoot.wire.PeerId;

/** A moot's affairs in words, and as JSON has them. */
final class MootText {
  private static final int LONGEST = 60;

  private MootText() {}

  /** Thousandths as a percentage. */
  static String percent(int permille) {
    return BigDecimal.valueOf(permille, 1).stripTrailingZeros().toPlainString() + " %";
  }

  /** "1 member", "2 members". */
  static String count(long number, String what) {
    return number + " " + what + (number == 1 ? "" : "s");
  }

  static String when(long seconds) {
    return Instant.ofEpochSecond(seconds).toString().replace("T", " ").replace("Z", " UTC");
  }

  /** A member by name, if it has one, and id. */
  static String person(Moot moot, PeerId peer) {
    Moot.Member member = moot.members().get(peer);
    return member == null || member.name().isEmpty()
        ? peer.toString()
        : PlainText.line(member.name(), LONGEST) + " (" + peer + ")";
  }

  static String motion(Moot moot, Entry.Motion motion) {
    return switch (motion) {
      case Entry.Motion.Adopt m ->
          "adopt the %s %s (sha256 %s) by default"
              .formatted(
                  m.subject().name().toLowerCase(Locale.ROOT),
                  PlainText.line(m.name(), LONGEST),
                  m.sha256());
      case Entry.Motion.AdoptPrompt m ->
          "tell models first, by default: \"" + PlainText.line(m.prompt(), LONGEST) + "\"";
      case Entry.Motion.AdoptPolicy m ->
          "adopt a policy by default: " + PlainText.line(m.policy(), LONGEST);
      case Entry.Motion.Train m -> "train %s by the recipe %s".formatted(m.base(), m.recipe());
      case Entry.Motion.Admit m -> "admit " + m.peer();
      case Entry.Motion.Remove m -> "put out " + person(moot, m.peer());
      case Entry.Motion.ChangeRules m -> "change the rules: " + String.join("; ", rules(m.rules()));
    };
  }

  /** The rules, each a line. */
  static List<String> rules(Entry.Rules rules) {
    String weight =
        rules.weightCap() == 1
            ? "each member has one vote"
            : "a vote weighs 1, and one more for each other member it did %,d GFLOP of work for, up to %d"
                .formatted(rules.weightMegaflops() / 1000, rules.weightCap());
    return List.of(
        weight,
        "a proposal needs %s of all votes cast as yes or abstain, and more than %s of yes and no"
            .formatted(percent(rules.quorumPermille()), percent(rules.majorityPermille())),
        "voting opens %s after a proposal and lasts %s (at least %s after a late quorum)"
            .formatted(
                span(rules.votingDelayMillis()),
                span(rules.votingPeriodMillis()),
                span(rules.extensionMillis())),
        "what succeeded can be enacted %s later%s"
            .formatted(
                span(rules.timelockMillis()),
                rules.guardian().map(peer -> ", unless " + peer + " vetoes it").orElse("")),
        rules.admission() == Entry.Admission.INVITATION
            ? "any member may invite others"
            : "members are admitted by vote",
        rules.witnesses() == 0
            ? "the date of an entry is its writer's own"
            : "an entry counts once %s, or all if they are fewer, cosigned it"
                .formatted(count(rules.witnesses(), "other member")));
  }

  private static String span(long millis) {
    return TimeSpan.text(millis / 1000);
  }

  /** Where a proposal stands, and for how long. */
  static String state(Proposal proposal, long now) {
    Tally tally = proposal.tally();
    return switch (proposal.state()) {
      case PENDING -> "opens in " + TimeSpan.text(tally.snapshot() + 1 - now);
      case ACTIVE -> "open for " + TimeSpan.text(tally.deadline() + 1 - now);
      case DEFEATED -> tally.isQuorate() ? "defeated" : "defeated: no quorum";
      case QUEUED ->
          proposal.ready() > now
              ? "succeeded; to be enacted in " + TimeSpan.text(proposal.ready() - now)
              : "succeeded; can be enacted";
      case ENACTED -> "enacted";
      case VETOED -> "vetoed";
      case WITHDRAWN -> "taken back";
    };
  }

  static String counts(Tally tally) {
    return "%d yes, %d no, %d abstaining".formatted(tally.yes(), tally.no(), tally.abstain());
  }

  /** Who decided: the votes of a proposal in force. */
  static String decided(Moot.Decision decision) {
    Tally tally = decision.proposal().tally();
    String voters =
        tally.casts().stream()
            .filter(cast -> cast.choice() == Entry.Choice.YES)
            .map(cast -> cast.member().toString())
            .collect(Collectors.joining(", "));
    return "proposal %s, %s of %d; for it: %s"
        .formatted(
            decision.proposal().id(),
            counts(tally),
            tally.total(),
            PlainText.line(voters, 2 * LONGEST));
  }

  static Map<String, Object> json(Moot moot, Proposal proposal) {
    Tally tally = proposal.tally();
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("id", proposal.id().hex());
    fields.put("by", proposal.written().by().text());
    fields.put("title", proposal.entry().title());
    fields.put("text", proposal.entry().text());
    fields.put("motion", motion(moot, proposal.entry().motion()));
    fields.put("state", proposal.state().name().toLowerCase(Locale.ROOT));
    fields.put("proposed", proposal.proposed());
    fields.put("snapshot", tally.snapshot());
    fields.put("deadline", tally.deadline());
    fields.put("ready", proposal.ready());
    proposal.enacted().ifPresent(seconds -> fields.put("enacted", seconds));
    fields.put("yes", tally.yes());
    fields.put("no", tally.no());
    fields.put("abstain", tally.abstain());
    fields.put("total", tally.total());
    fields.put("quorum", tally.quorum());
    fields.put("quorate", tally.isQuorate());
    fields.put("majority", tally.hasMajority());
    return fields;
  }

  static Map<String, Object> json(Entry.Rules rules) {
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("name", rules.name());
    fields.put("admission", rules.admission().name().toLowerCase(Locale.ROOT));
    fields.put("quorumPermille", rules.quorumPermille());
    fields.put("majorityPermille", rules.majorityPermille());
    fields.put("votingDelayMillis", rules.votingDelayMillis());
    fields.put("votingPeriodMillis", rules.votingPeriodMillis());
    fields.put("extensionMillis", rules.extensionMillis());
    fields.put("timelockMillis", rules.timelockMillis());
    fields.put("witnesses", rules.witnesses());
    fields.put("weightCap", rules.weightCap());
    fields.put("weightMegaflops", rules.weightMegaflops());
    rules.guardian().ifPresent(peer -> fields.put("guardian", peer.text()));
    return fields;
  }
}
