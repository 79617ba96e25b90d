package org.folkmoot.moot;

import static org.folkmoot.base.FolkmootException.Code.NOT_FOUND;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Predicate;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.base.Hash32;
import org.folkmoot.ledger.entry.Entry;
import org.folkmoot.moot.MootRecord.Written;
import org.folkmoot.wire.PeerId;

/**
 * A moot as of a moment. Times are seconds since 1970.
 *
 * @param founding its charter, whose id is the moot's
 * @param rules that hold for what is proposed next
 * @param seconds the moment
 * @param invited who was let in and is no member yet
 * @param waiting who of these joined while a member was alone, by which entry: that member's
 *     invitation is to name it
 * @param delegations who has whom vote
 * @param proposals in the order in which they counted as proposed
 * @param decisions what was enacted, in order
 * @param fates what became of each entry that names the moot
 * @param next when something may change without anything new being heard; empty: never
 */
public record Moot(
    Written founding,
    Entry.Rules rules,
    long seconds,
    SortedMap<PeerId, Member> members,
    SortedSet<PeerId> invited,
    SortedMap<PeerId, Hash32> waiting,
    SortedMap<PeerId, PeerId> delegations,
    List<Proposal> proposals,
    List<Decision> decisions,
    List<Fate> fates,
    OptionalLong next) {
  /** Proposals of one member that are undecided at a time: who wants more waits. */
  public static final int MAX_OPEN_EACH = 16;

  /** People whom one member has invited and who have not come: who wants more waits, too. */
  public static final int MAX_INVITED_EACH = 256;

  /**
   * A member.
   *
   * @param name by its own word; empty if it gave none
   * @param since when it became one
   */
  public record Member(PeerId peer, String name, long since) {}

  /** A proposal in force. */
  public record Decision(Proposal proposal, long seconds) {
    /** What was decided. */
    public Entry.Motion motion() {
      return proposal.entry().motion();
    }
  }

  /**
   * What became of an entry.
   *
   * @param seconds when it counted as written; empty if it did not yet
   */
  public record Fate(Written written, Optional<Long> seconds, Outcome outcome) {}

  /** Copies. */
  public Moot {
    members = Collections.unmodifiableSortedMap(new TreeMap<>(members));
    invited = Collections.unmodifiableSortedSet(new TreeSet<>(invited));
    waiting = Collections.unmodifiableSortedMap(new TreeMap<>(waiting));
    delegations = Collections.unmodifiableSortedMap(new TreeMap<>(delegations));
    proposals = List.copyOf(proposals);
    decisions = List.copyOf(decisions);
    fates = List.copyOf(fates);
  }

  /**
   * The moot of a charter, as of a moment: a pure function of the record.
   *
   * @param charter the id of the charter's entry
   * @throws FolkmootException NOT_FOUND if the charter is not in the record
   */
  public static Moot of(MootRecord record, Hash32 charter, long seconds) {
    Written founding =
        charters(record).stream()
            .filter(written -> written.id().equals(charter))
            .findFirst()
            .orElseThrow(() ->
                new FolkmootException(
                    NOT_FOUND,
                    "the charter of the moot %s is not here: 'folkmoot ledger ls' shows whose feeds are"
                        .formatted(charter)));
    return new Replay(record, founding, seconds).run();
  }

  /** All charters of a record. */
  public static List<Written> charters(MootRecord record) {
    List<Written> all = new ArrayList<>();
    record
        .feeds()
        .forEach(feed ->
            feed.entries().stream()
                .filter(written -> written.entry() instanceof Entry.Charter)
                .forEach(all::add));
    return all;
  }

  /** What it is called among machines. */
  public Hash32 id() {
    return founding.id();
  }

  /** What people call it. */
  public String name() {
    return rules.name();
  }

  /** Whether somebody belongs to it. */
  public boolean has(PeerId peer) {
    return members.containsKey(peer);
  }

  /** The proposal of an id; empty if it does not count as proposed. */
  public Optional<Proposal> proposal(Hash32 id) {
    return proposals.stream().filter(one -> one.id().equals(id)).findFirst();
  }

  /** The latest decision on a subject; empty if there was none. */
  public Optional<Decision> adopted(Entry.Subject subject) {
    return latest(
        motion -> motion instanceof Entry.Motion.Adopt adopt && adopt.subject() == subject);
  }

  /** The latest decision on the default policy: a policy, or a system prompt. */
  public Optional<Decision> adoptedPolicy() {
    return latest(motion ->
        motion instanceof Entry.Motion.AdoptPrompt || motion instanceof Entry.Motion.AdoptPolicy);
  }

  private Optional<Decision> latest(Predicate<Entry.Motion> wanted) {
    return decisions.reversed().stream().filter(one -> wanted.test(one.motion())).findFirst();
  }
}
