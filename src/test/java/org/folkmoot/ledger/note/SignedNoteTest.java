package org.folkmoot.ledger.note;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.List;
import java.util.SplittableRandom;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.ledger.Identities;
import org.folkmoot.ledger.TlogVectors;
import org.folkmoot.peer.Identity;
import org.junit.jupiter.api.Test;

class SignedNoteTest {
  /** The example of C2SP's tlog-cosignature, whose keys are published nowhere. */
  private static final String PUBLISHED =
      """
      example.com/behind-the-sofa
      20852163
      CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

      — example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=
      — witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==
      """;

  /** Of the tests of Go's sumdb/note. */
  private static final String NEUMANN =
      "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";

  private static final String NEUMANN_NOTE =
      """
      If you think cryptography is the answer to your problem,
      then you don't know what your problem is.

      — PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=
      """;

  private final JsonNode vectors = new TlogVectors().root.get("note");

  private static Identity identity(String seed) {
    return Identities.ofSeed(HexFormat.of().parseHex(seed));
  }

  @Test
  void thePublishedExamplesAreRead() {
    SignedNote note = SignedNote.parse(PUBLISHED);
    assertThat(note.note()).isEqualTo(PUBLISHED);
    Checkpoint checkpoint = Checkpoint.parse(note.text());
    assertThat(checkpoint.origin()).isEqualTo("example.com/behind-the-sofa");
    assertThat(checkpoint.size()).isEqualTo(20_852_163);
    assertThat(checkpoint.text()).isEqualTo(note.text());
    assertThat(Cosignature.seconds(note.lines().get(1))).hasValue(1_679_315_147);
    NoteKey neumann = NoteKey.parse(NEUMANN);
    assertThat(neumann.text()).isEqualTo(NEUMANN);
    assertThat(SignedNote.parse(NEUMANN_NOTE).isBy(neumann)).isTrue();
    assertThat(SignedNote.parse(NEUMANN_NOTE.replace("answer", "Answer")).isBy(neumann)).isFalse();
  }

  @Test
  void mangledKeysAreRefused() {
    for (int from = 0; from <= NEUMANN.length(); from++) {
      for (int to = from + 1; to <= NEUMANN.length(); to++) {
        if (from > 0 || to < NEUMANN.length()) {
          String part = NEUMANN.substring(from, to);
          assertThatThrownBy(() -> NoteKey.parse(part)).isInstanceOf(FolkmootException.class);
        }
      }
    }
    byte[] bytes = NEUMANN.getBytes(StandardCharsets.US_ASCII);
    for (int i = 0; i < bytes.length; i++) {
      bytes[i]++;
      String changed = new String(bytes, StandardCharsets.US_ASCII);
      assertThatThrownBy(() -> NoteKey.parse(changed)).isInstanceOf(FolkmootException.class);
      bytes[i]--;
    }
    for (String bad :
        List.of(
            // A key of the wrong length, and one of an unknown kind, both with the right id.
            "PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADKEY==",
            "PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")) {
      assertThatThrownBy(() -> NoteKey.parse(bad)).isInstanceOf(FolkmootException.class);
    }
  }

  @Test
  void whatGoSignedHolds() {
    SignedNote note = SignedNote.parse(vectors.get("signed").asText());
    assertThat(note.note()).isEqualTo(vectors.get("signed").asText());
    NoteKey log = NoteKey.parse(vectors.get("logVkey").asText());
    NoteKey witness = NoteKey.parse(vectors.get("witnessVkey").asText());
    NoteKey postQuantum = NoteKey.parse(vectors.get("mldsaVkey").asText());
    assertThat(log.kind()).isEqualTo(NoteKey.Kind.ED25519);
    assertThat(witness.kind()).isEqualTo(NoteKey.Kind.COSIGNATURE);
    assertThat(postQuantum.kind()).isEqualTo(NoteKey.Kind.ML_DSA_44);
    for (NoteKey key : List.of(log, witness, postQuantum)) {
      assertThat(note.isBy(key)).as(key.name()).isTrue();
    }
    assertThat(Cosignature.seconds(note.by(witness).orElseThrow()))
        .hasValue(vectors.get("witnessUnix").asLong());
    SignedNote other = new SignedNote(note.text().replace("70000", "70001"), note.lines());
    for (NoteKey key : List.of(log, witness, postQuantum)) {
      assertThat(other.isBy(key)).as(key.name()).isFalse();
    }
  }

  /** Ed25519 is deterministic: the same key makes the same line as Go's. */
  @Test
  void whatWeSignIsWhatGoSigns() {
    SignedNote go = SignedNote.parse(vectors.get("signed").asText());
    Identity identity = identity(vectors.get("seed").asText());
    SignedNote ours = SignedNote.sign(go.text(), "folkmoot.example/feed", identity);
    assertThat(ours.lines()).containsExactly(go.lines().getFirst());
    assertThat(NoteKey.of("folkmoot.example/feed", NoteKey.Kind.ED25519, identity.peerId()).text())
        .isEqualTo(vectors.get("logVkey").asText());
  }

  @Test
  void cosignaturesStateATime() {
    Identity identity = identity(vectors.get("seed").asText());
    SignedNote note = SignedNote.parse(PUBLISHED);
    NoteKey key = NoteKey.of("w.example", NoteKey.Kind.COSIGNATURE, identity.peerId());
    SignedNote.Line line = Cosignature.sign(note.text(), "w.example", identity, 1_700_000_000);
    SignedNote cosigned = note.with(line);
    assertThat(cosigned.isBy(key)).isTrue();
    assertThat(Cosignature.seconds(line)).hasValue(1_700_000_000);
    assertThat(SignedNote.parse(cosigned.note())).isEqualTo(cosigned);
    byte[] later = line.signature();
    later[7]++;
    assertThat(key.verifies(note.text(), new SignedNote.Line("w.example", key.id(), later)))
        .isFalse();
    // The same key as a log's does not vouch for what it cosigned, nor the other way round.
    NoteKey asLog = NoteKey.of("w.example", NoteKey.Kind.ED25519, identity.peerId());
    assertThat(cosigned.isBy(asLog)).isFalse();
  }

  @Test
  void everyChangedByteIsRefusedOrAnotherNote() {
    SplittableRandom random = new SplittableRandom(3);
    byte[] bytes = vectors.get("signed").asText().getBytes(StandardCharsets.UTF_8);
    NoteKey log = NoteKey.parse(vectors.get("logVkey").asText());
    for (int i = 0; i < 20_000; i++) {
      byte[] changed = bytes.clone();
      int at = random.nextInt(changed.length);
      changed[at] ^= (byte) (1 << random.nextInt(8));
      try {
        SignedNote note = SignedNote.parse(changed);
        assertThat(note.toBytes()).isEqualTo(changed);
        if (at < note.text().length()) {
          assertThat(note.isBy(log)).isFalse();
        }
      } catch (FolkmootException refused) {
        assertThat(refused.code()).isEqualTo(FolkmootException.Code.BAD_FILE);
      }
    }
  }

  @Test
  void whatIsNoCheckpointIsRefused() {
    for (String bad :
        List.of(
            "",
            "o\n1\n",
            "o\n01\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n",
            "o\n-1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n",
            "o\n+1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n",
            "o\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2J=\n",
            "o\n1\nCsUY\n",
            "\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n",
            "o\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\nx\n",
            "o\n9999999999999999999\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n",
            "o\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=")) {
      assertThatThrownBy(() -> Checkpoint.parse(bad)).as(bad).isInstanceOf(FolkmootException.class);
    }
  }

  @Test
  void aNoteHasSoManySignatures() {
    Identity identity = identity(vectors.get("seed").asText());
    SignedNote note = SignedNote.sign("text\n", "log", identity);
    for (int i = 0; i < 2 * SignedNote.MAX_LINES; i++) {
      note = note.with(Cosignature.sign(note.text(), "w" + i, identity, i));
    }
    assertThat(note.lines()).hasSize(SignedNote.MAX_LINES);
    assertThat(SignedNote.parse(note.toBytes())).isEqualTo(note);
    String tooMany = note.note() + note.lines().getFirst().line();
    assertThatThrownBy(() -> SignedNote.parse(tooMany)).isInstanceOf(FolkmootException.class);
  }
}
