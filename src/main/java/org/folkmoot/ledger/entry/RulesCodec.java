package org.folkmoot.ledger.entry;

import java.util.List;
import org.folkmoot.base.CborMap;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.wire.PeerId;

/** The bytes of a moot's rules, and of what is proposed. */
final class RulesCodec {
  /** Longest of the charter's times: ten years. */
  private static final long MAX_MILLIS = 10L * 366 * 86_400_000;

  /** Most that a vote weighs: enough to tell those who compute a lot, too little to rule alone. */
  private static final int MAX_CAP = 1000;

  // A value's place in its list is its number in the bytes: new ones come last.
  static final List<Entry.Step> STEPS =
      List.of(Entry.Step.INVITED, Entry.Step.JOINED, Entry.Step.LEFT);
  static final List<Entry.Choice> CHOICES =
      List.of(Entry.Choice.YES, Entry.Choice.NO, Entry.Choice.ABSTAIN);
  private static final List<Entry.Admission> ADMISSIONS =
      List.of(Entry.Admission.INVITATION, Entry.Admission.VOTE);
  private static final List<Entry.Subject> SUBJECTS =
      List.of(Entry.Subject.MODEL, Entry.Subject.ADAPTER, Entry.Subject.DATASET);

  private static final int KIND = 0;

  private RulesCodec() {}

  static CborMap write(Entry.Rules rules) {
    return CborMap.empty()
        .put(0, rules.name())
        .put(1, ADMISSIONS.indexOf(rules.admission()))
        .put(2, rules.quorumPermille())
        .put(3, rules.majorityPermille())
        .put(4, rules.votingDelayMillis())
        .put(5, rules.votingPeriodMillis())
        .put(6, rules.extensionMillis())
        .put(7, rules.timelockMillis())
        .put(8, rules.witnesses())
        .putUnless(1, 9, rules.weightCap())
        .putUnless(1, 10, rules.weightMegaflops())
        .put(11, rules.guardian().map(PeerId::key));
  }

  static Entry.Rules rules(CborMap map) {
    return new Entry.Rules(
        map.text(0, EntryCodec.MAX_NAME),
        EntryCodec.one(ADMISSIONS, map, 1),
        map.number(2, 0, 1000),
        map.number(3, 0, 999),
        millis(map, 4),
        millis(map, 5),
        millis(map, 6),
        millis(map, 7),
        map.number(8, 0, EntryCodec.MAX_LIST),
        map.number(9, 1, MAX_CAP, 1),
        map.has(10) ? megaflops(map.number(10)) : 1,
        map.optionalHash(11).map(PeerId::new));
  }

  private static long megaflops(long value) {
    CborMap.require(value >= 1, "a weight of nothing");
    return value;
  }

  private static long millis(CborMap map, int key) {
    long value = map.number(key);
    CborMap.require(value >= 0 && value <= MAX_MILLIS, "a time is out of bounds");
    return value;
  }

  static CborMap write(Entry.Motion motion) {
    return switch (motion) {
      case Entry.Motion.Adopt m ->
          CborMap.empty()
              .put(KIND, 1)
              .put(1, SUBJECTS.indexOf(m.subject()))
              .put(2, m.sha256())
              .put(3, m.name());
      case Entry.Motion.AdoptPrompt m -> CborMap.empty().put(KIND, 2).put(1, m.prompt());
      case Entry.Motion.AdoptPolicy m -> CborMap.empty().put(KIND, 7).put(1, m.policy());
      case Entry.Motion.Train m -> CborMap.empty().put(KIND, 3).put(1, m.recipe()).put(2, m.base());
      case Entry.Motion.Admit m -> CborMap.empty().put(KIND, 4).put(1, m.peer().key());
      case Entry.Motion.Remove m -> CborMap.empty().put(KIND, 5).put(1, m.peer().key());
      case Entry.Motion.ChangeRules m -> CborMap.empty().put(KIND, 6).put(1, write(m.rules()));
    };
  }

  static Entry.Motion motion(CborMap map) {
    int kind = map.number(KIND, 1, 7);
    return switch (kind) {
      case 1 ->
          new Entry.Motion.Adopt(
              EntryCodec.one(SUBJECTS, map, 1), map.hash(2), map.text(3, EntryCodec.MAX_NAME));
      case 2 -> new Entry.Motion.AdoptPrompt(map.text(1, EntryCodec.MAX_TEXT));
      case 3 -> new Entry.Motion.Train(map.hash(1), map.hash(2));
      case 4 -> new Entry.Motion.Admit(EntryCodec.peer(map, 1));
      case 5 -> new Entry.Motion.Remove(EntryCodec.peer(map, 1));
      case 6 -> new Entry.Motion.ChangeRules(rules(map.map(1)));
      case 7 -> new Entry.Motion.AdoptPolicy(map.text(1, EntryCodec.MAX_TEXT));
      default ->
          throw new FolkmootException(
              FolkmootException.Code.BAD_FILE, "a motion of an unknown kind");
    };
  }
}
