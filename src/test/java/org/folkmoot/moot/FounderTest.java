package org.folkmoot.moot;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.folkmoot.base.Hash32;
import org.folkmoot.ledger.entry.Entry;
import org.folkmoot.ledger.entry.EntryCodec;
import org.folkmoot.ledger.entry.EntryId;
import org.folkmoot.moot.MootRecord.Cosigned;
import org.folkmoot.wire.PeerId;
import org.junit.jupiter.api.Test;

/**
 * A founder is believed while it is alone, and never again. Times in seconds after the founding.
 */
class FounderTest {
  private static final long FOUNDED = 10_000;

  private final List<PeerId> peers = new ArrayList<>();
  private final MootRecord.Builder record = new MootRecord.Builder();
  private final Map<PeerId, Integer> sizes = new HashMap<>();
  private final Hash32 moot;

  FounderTest() {
    for (byte i = 1; i <= 7; i++) {
      peers.add(new PeerId(Hash32.sha256(new byte[] {i})));
    }
    moot = write(0, charter(Entry.Admission.INVITATION));
  }

  private Entry.Charter charter(Entry.Admission admission) {
    Entry.Rules rules =
        new Entry.Rules("birds", admission, 500, 500, 0, 10_000, 0, 0, 5, 1, 1, Optional.empty());
    return new Entry.Charter(FOUNDED * 1000, rules, List.of());
  }

  private Hash32 write(int by, Entry entry) {
    PeerId peer = peers.get(by);
    byte[] bytes = EntryCodec.encode(entry);
    record.entry(peer, sizes.merge(peer, 1, Integer::sum) - 1, bytes);
    return EntryId.of(peer, bytes);
  }

  private void see(int by, long seconds, int... witnesses) {
    for (int witness : witnesses) {
      PeerId peer = peers.get(by);
      record.cosigned(
          peer, new Cosigned(sizes.getOrDefault(peer, 0), peers.get(witness), FOUNDED + seconds));
    }
  }

  private static long date(long seconds) {
    return (FOUNDED + seconds) * 1000;
  }

  private Entry invitation(int peer, long seconds) {
    return new Entry.Member(date(seconds), moot, peers.get(peer), Entry.Step.INVITED, "");
  }

  private Entry welcome(int peer, Hash32 joined, long seconds) {
    return new Entry.Member(date(seconds), moot, peers.get(peer), Entry.Step.INVITED, joined.hex());
  }

  private Hash32 join(int peer, long seconds) {
    return write(
        peer, new Entry.Member(date(seconds), moot, peers.get(peer), Entry.Step.JOINED, ""));
  }

  private Moot at(long seconds) {
    return Moot.of(record.build(), moot, FOUNDED + seconds);
  }

  /** Five people are invited at 100 and join at 200, seen by the founder; it says so at 300. */
  private void five() {
    List<Hash32> joined = new ArrayList<>();
    for (int peer = 1; peer <= 5; peer++) {
      Hash32 _ = write(0, invitation(peer, 100));
      joined.add(join(peer, 200));
      see(peer, 200, 0);
    }
    for (int peer = 1; peer <= 5; peer++) {
      Hash32 _ = write(0, welcome(peer, joined.get(peer - 1), 300));
    }
    see(0, 310, 1, 2, 3, 4, 5);
  }

  @Test
  void itSeatsWhoHasJoinedByNamingHow() {
    five();
    assertThat(at(299).members()).hasSize(1);
    assertThat(at(299).waiting()).hasSize(5);
    assertThat(at(300).members()).as("what follows needs another's word").hasSize(2);
    assertThat(at(310).members()).hasSize(6);
    assertThat(at(310).waiting()).isEmpty();
    // From then on an invitation comes first or second, as anybody likes.
    Hash32 _ = write(0, invitation(6, 400));
    see(0, 400, 1, 2, 3, 4, 5);
    Hash32 _ = join(6, 500);
    see(6, 500, 0, 1, 2, 3, 4);
    assertThat(at(500).members()).hasSize(7);
  }

  @Test
  void itDecidesNothingInThePastOnceItIsNotAlone() {
    five();
    Moot before = at(700_000);
    Hash32 proposal =
        write(0, new Entry.Proposal(date(150), moot, "t", "", new Entry.Motion.AdoptPrompt("p")));
    Hash32 _ = write(0, new Entry.Vote(date(151), moot, proposal, Entry.Choice.YES, ""));
    Hash32 _ = write(0, new Entry.Enactment(date(152), moot, proposal));
    see(0, 800_000, 1, 2, 3, 4, 5);
    assertThat(at(700_000).decisions()).isEmpty();
    assertThat(at(700_000).members()).isEqualTo(before.members());
    assertThat(at(900_000).decisions()).isEmpty();
    assertThat(at(900_000).proposal(proposal).orElseThrow().proposed())
        .isEqualTo(FOUNDED + 800_000);
  }

  /**
   * With a puppet that it had invited and that "joins" long after, in the founder's words early.
   */
  @Test
  void neitherWithAPuppet() {
    Hash32 _ = write(0, invitation(6, 50));
    five();
    Moot before = at(700_000);
    Hash32 joined = join(6, 20);
    see(6, 20, 0);
    Hash32 _ = write(0, welcome(6, joined, 55));
    Hash32 proposal =
        write(0, new Entry.Proposal(date(60), moot, "t", "", new Entry.Motion.AdoptPrompt("p")));
    Hash32 _ = write(0, new Entry.Vote(date(61), moot, proposal, Entry.Choice.YES, ""));
    Hash32 _ = write(0, new Entry.Enactment(date(62), moot, proposal));
    see(0, 62, 6);
    assertThat(at(700_000).decisions()).isEmpty();
    assertThat(at(700_000).proposal(proposal)).isEmpty();
    assertThat(at(700_000).members()).isEqualTo(before.members());
  }

  @Test
  void aloneItDecidesAndLetsInAsItLikes() {
    Hash32 proposal =
        write(0, new Entry.Proposal(date(10), moot, "t", "", new Entry.Motion.AdoptPrompt("p")));
    Hash32 _ = write(0, new Entry.Vote(date(11), moot, proposal, Entry.Choice.YES, ""));
    Hash32 _ = write(0, new Entry.Enactment(date(12), moot, proposal));
    five();
    assertThat(at(100).decisions()).hasSize(1);
    assertThat(at(310).members()).hasSize(6);
  }

  @Test
  void whereTheMootAdmitsByVoteTooItsFirstOtherMemberIsInvited() {
    MootRecord.Builder other = new MootRecord.Builder();
    byte[] charter = EntryCodec.encode(charter(Entry.Admission.VOTE));
    PeerId founder = peers.getFirst();
    Hash32 id = EntryId.of(founder, charter);
    other.entry(founder, 0, charter);
    PeerId peer = peers.get(1);
    byte[] joined = EntryCodec.encode(new Entry.Member(date(10), id, peer, Entry.Step.JOINED, ""));
    other.entry(peer, 0, joined);
    other.cosigned(peer, new Cosigned(1, founder, FOUNDED + 20));
    String name = EntryId.of(peer, joined).hex();
    other.entry(
        founder,
        1,
        EntryCodec.encode(new Entry.Member(date(30), id, peer, Entry.Step.INVITED, name)));
    assertThat(Moot.of(other.build(), id, FOUNDED + 29).members()).hasSize(1);
    assertThat(Moot.of(other.build(), id, FOUNDED + 30).members()).hasSize(2);
  }
}
