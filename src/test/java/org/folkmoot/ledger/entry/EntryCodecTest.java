package org.folkmoot.ledger.entry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.HexFormat;
import java.util.Optional;
import java.util.Random;
import org.folkmoot.base.CborMap;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.base.Hash32;
import org.junit.jupiter.api.Test;

class EntryCodecTest {
  private final Random random = new Random(11);
  private final RandomEntries entries = new RandomEntries(random);

  @Test
  void whatIsWrittenIsRead() {
    for (int kind = 1; kind <= RandomEntries.KINDS; kind++) {
      for (int i = 0; i < 200; i++) {
        Entry entry = entries.entry(kind);
        byte[] bytes = EntryCodec.encode(entry);
        assertThat(EntryCodec.decode(bytes)).isEqualTo(entry);
        assertThat(EntryCodec.encode(EntryCodec.decode(bytes))).isEqualTo(bytes);
      }
    }
  }

  /** The bytes are the contract: these may never change. */
  @Test
  void theBytesOfAVote() {
    Hash32 moot = Hash32.sha256(new byte[] {1});
    Hash32 proposal = Hash32.sha256(new byte[] {2});
    byte[] bytes =
        EntryCodec.encode(
            new Entry.Vote(1_800_000_000_000L, moot, proposal, Entry.Choice.NO, "no"));
    assertThat(HexFormat.of().formatHex(bytes))
        .isEqualTo(
            "a60004011b000001a3185c50000258204bf5122f344554c53bde2ebb8cd2b7e3d1600ad631c385a5d7cce23c"
                + "7785459a035820dbc1b4c900ffe48d575b5da5c638040125f65db0fe3e24494b76ea986457d986040105"
                + "626e6f");
  }

  @Test
  void whatALaterVersionSaysIsKept() {
    byte[] kind = CborMap.empty().put(0, 77).put(1, 5).put(9, "new").encode();
    assertThat(EntryCodec.decode(kind)).isEqualTo(new Entry.Unknown(77, 5, new Entry.Blob(kind)));
    // A known kind with a field more.
    byte[] field =
        CborMap.decode(EntryCodec.encode(entries.entry(4)), EntryCodec.MAX_BYTES)
            .put(40, 1)
            .encode();
    assertThat(EntryCodec.decode(field)).isInstanceOf(Entry.Unknown.class);
    assertThat(EntryCodec.encode(EntryCodec.decode(field))).isEqualTo(field);
  }

  @Test
  void aStrangersBytesAreAnEntryOrRefused() {
    for (int i = 0; i < 30_000; i++) {
      byte[] bytes = EntryCodec.encode(entries.any());
      byte[] changed =
          switch (random.nextInt(3)) {
            case 0 -> Arrays.copyOf(bytes, random.nextInt(bytes.length));
            case 1 -> {
              byte[] junk = new byte[random.nextInt(64)];
              random.nextBytes(junk);
              yield junk;
            }
            default -> {
              byte[] flipped = bytes.clone();
              flipped[random.nextInt(bytes.length)] ^= (byte) (1 << random.nextInt(8));
              yield flipped;
            }
          };
      try {
        assertThat(EntryCodec.encode(EntryCodec.decode(changed))).isEqualTo(changed);
      } catch (FolkmootException refused) {
        assertThat(refused.code()).isEqualTo(FolkmootException.Code.BAD_FILE);
      }
    }
  }

  @Test
  void aSecondEncodingIsRefused() {
    // The date 5 in two bytes instead of one; the keys in another order; a length left open.
    for (String hex : new String[] {"a2001801011805", "a201050001", "bf00010105ff"}) {
      assertThatThrownBy(() -> EntryCodec.decode(HexFormat.of().parseHex(hex)))
          .isInstanceOf(FolkmootException.class);
    }
  }

  @Test
  void whatIsTooLongIsNotWritten() {
    Hash32 hash = Hash32.sha256(new byte[0]);
    for (Entry entry :
        new Entry[] {
          new Entry.Model(0, hash, "n".repeat(201), 1, "", "", Optional.empty()),
          new Entry.Model(0, hash, "n", -1, "", "", Optional.empty()),
          new Entry.Vote(0, hash, hash, Entry.Choice.YES, "r".repeat(1001)),
        }) {
      assertThatThrownBy(() -> EntryCodec.encode(entry))
          .isInstanceOfSatisfying(
              FolkmootException.class,
              e -> assertThat(e.code()).isEqualTo(FolkmootException.Code.BAD_REQUEST));
    }
  }
}
