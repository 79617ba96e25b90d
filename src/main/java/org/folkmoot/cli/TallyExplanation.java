package org.folkmoot.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;
import org.folkmoot.base.Hash32;
import org.folkmoot.ledger.entry.Entry;
import org.folkmoot.moot.Moot;
import org.folkmoot.moot.MootRecord;
import org.folkmoot.moot.MootRecord.Written;
import org.folkmoot.moot.Outcome;
import org.folkmoot.moot.Proposal;
import org.folkmoot.moot.Tally;
import org.folkmoot.wire.PeerId;

/** A tally with every number's origin, so that a person can count again by hand. */
final class TallyExplanation {
  private static final int LONGEST = 100;

  private final MootRecord record;
  private final Moot moot;
  private final Proposal proposal;
  private final Tally tally;
  private final List<String> lines = new ArrayList<>();

  TallyExplanation(MootRecord record, Moot moot, Proposal proposal) {
    this.record = record;
    this.moot = moot;
    this.proposal = proposal;
    this.tally = proposal.tally();
  }

  List<String> lines() {
    Entry.Rules rules = proposal.rules();
    add("proposed: %s".formatted(MootText.motion(moot, proposal.entry().motion())));
    add("  %s".formatted(entry(proposal.written(), proposal.proposed())));
    add(
        "weights, fixed %s (proposed + %s):"
            .formatted(
                MootText.when(tally.snapshot()), TimeSpan.text(rules.votingDelayMillis() / 1000)));
    proposal
        .weights()
        .forEach((peer, weight) -> add("  %s  %d".formatted(MootText.person(moot, peer), weight)));
    add(
        "  together %d; quorum %d: %d thousandths of %d, rounded up"
            .formatted(tally.total(), tally.quorum(), rules.quorumPermille(), tally.total()));
    votes(rules);
    others();
    sums(rules);
    return lines;
  }

  private void add(String line) {
    lines.add(line);
  }

  /** Where an entry stands, and who saw it when. */
  private String entry(Written written, long seconds) {
    String seen =
        record.witnesses(written.by(), written.position()).entrySet().stream()
            .map(one -> "%s %s".formatted(one.getKey(), MootText.when(one.getValue())))
            .collect(Collectors.joining(", "));
    return "entry %d of the feed of %s, counts from %s; %s"
        .formatted(
            written.position(),
            MootText.person(moot, written.by()),
            MootText.when(seconds),
            seen.isEmpty() ? "cosigned by nobody" : "cosigned by " + seen);
  }

  private void votes(Entry.Rules rules) {
    long usual = tally.snapshot() + rules.votingPeriodMillis() / 1000;
    String extended =
        tally.deadline() == usual
            ? ""
            : "; the quorum came late, %s: open until %s after that"
                .formatted(
                    MootText.when(tally.reached().orElse(0)),
                    TimeSpan.text(rules.extensionMillis() / 1000));
    add(
        "votes, open after that until %s (%s)%s:"
            .formatted(
                MootText.when(tally.deadline()),
                TimeSpan.text(rules.votingPeriodMillis() / 1000),
                extended));
    for (Tally.Cast cast : tally.casts()) {
      String through =
          cast.voter().equals(cast.member())
              ? ""
              : ", through " + MootText.person(moot, cast.voter());
      add(
          "  %s  %s, weight %d%s%s"
              .formatted(
                  MootText.person(moot, cast.member()),
                  cast.choice().name().toLowerCase(Locale.ROOT),
                  cast.weight(),
                  through,
                  cast.reason().isEmpty() || !through.isEmpty()
                      ? ""
                      : ": \"" + PlainText.line(cast.reason(), LONGEST) + "\""));
      if (through.isEmpty()) {
        vote(cast.member())
            .ifPresent(written -> add("    %s".formatted(entry(written, cast.seconds()))));
      }
    }
    for (PeerId silent : proposal.silent()) {
      add("  %s  has not voted".formatted(MootText.person(moot, silent)));
    }
  }

  private Optional<Written> vote(PeerId by) {
    return moot.fates().stream()
        .filter(fate -> fate.outcome() == Outcome.COUNTED)
        .map(Moot.Fate::written)
        .filter(written -> written.by().equals(by))
        .filter(written ->
            written.entry() instanceof Entry.Vote vote && vote.proposal().equals(proposal.id()))
        .findFirst();
  }

  /** Entries about the proposal that do not count, and why; and enactments and vetoes. */
  private void others() {
    for (Moot.Fate fate : moot.fates()) {
      Entry entry = fate.written().entry();
      Optional<Hash32> about =
          switch (entry) {
            case Entry.Vote vote -> Optional.of(vote.proposal());
            case Entry.Veto veto -> Optional.of(veto.proposal());
            case Entry.Enactment wish -> Optional.of(wish.proposal());
            default -> Optional.empty();
          };
      boolean countedVote = entry instanceof Entry.Vote && fate.outcome() == Outcome.COUNTED;
      if (about.filter(proposal.id()::equals).isPresent() && !countedVote) {
        add(
            "  %s, entry %d of %s: %s"
                .formatted(
                    entry.getClass().getSimpleName().toLowerCase(Locale.ROOT),
                    fate.written().position(),
                    MootText.person(moot, fate.written().by()),
                    fate.outcome().text()));
      }
    }
  }

  private void sums(Entry.Rules rules) {
    add("yes %d, no %d, abstain %d".formatted(tally.yes(), tally.no(), tally.abstain()));
    add(
        "quorum: %d + %d = %d, and %d are needed: %s"
            .formatted(
                tally.yes(),
                tally.abstain(),
                tally.yes() + tally.abstain(),
                tally.quorum(),
                tally.isQuorate() ? "reached" : "not reached"));
    add(
        "majority: 1000 x %d = %d, more than %d x (%d + %d) = %d is needed: %s"
            .formatted(
                tally.yes(),
                1000 * tally.yes(),
                rules.majorityPermille(),
                tally.yes(),
                tally.no(),
                rules.majorityPermille() * (tally.yes() + tally.no()),
                tally.hasMajority() ? "reached" : "not reached"));
    add(
        "%s; timelock until %s%s%s"
            .formatted(
                MootText.state(proposal, moot.seconds()),
                MootText.when(proposal.ready()),
                proposal.enacted().isPresent()
                    ? ", enacted " + MootText.when(proposal.enacted().getAsLong())
                    : "",
                proposal.vetoReason().isEmpty()
                    ? ""
                    : ": \"" + PlainText.line(proposal.vetoReason(), LONGEST) + "\""));
  }
}
