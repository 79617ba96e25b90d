package org.folkmoot.ledger;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.ledger.note.NoteKey;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class WitnessKeysTest {
  @TempDir Path folder;

  private void write(String... lines) throws IOException {
    Files.write(folder.resolve(WitnessKeys.FILE), List.of(lines));
  }

  @Test
  void keysAreReadAndWhatIsNoneIsNamed() throws IOException {
    assertThat(WitnessKeys.read(folder)).isEmpty();
    NoteKey one = new NoteKey("w.example/1", NoteKey.Kind.ML_DSA_44, new byte[1312]);
    NoteKey other = FeedName.witnessKey(Identities.of(3).peerId());
    write("# ours", "", one.text() + " https://w.example/witness", "  " + other.text());
    assertThat(WitnessKeys.read(folder))
        .containsExactly(
            new WitnessKeys.Known(one, Optional.of(URI.create("https://w.example/witness"))),
            new WitnessKeys.Known(other, Optional.empty()));
    NoteKey log = FeedName.key(Identities.of(3).peerId());
    for (String wrong :
        List.of(
            "x",
            "a+b+c",
            log.text(),
            one.text().substring(1),
            one.text() + " ftp://w.example",
            one.text() + " w.example",
            one.text() + " https://w.example/?a=b",
            one.text() + " https://w.example/ more")) {
      write(one.text(), wrong);
      assertThatThrownBy(() -> WitnessKeys.read(folder))
          .isInstanceOfSatisfying(
              FolkmootException.class,
              bad -> assertThat(bad.code()).isEqualTo(FolkmootException.Code.BAD_FILE))
          .hasMessageContaining("witnesses");
    }
    write("#" + "x".repeat(200_000));
    assertThatThrownBy(() -> WitnessKeys.read(folder)).isInstanceOf(FolkmootException.class);
  }
}
