package org.folkmoot.peer;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.HexFormat;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.base.Hash32;
import org.folkmoot.wire.PeerId;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class IdentityTest {
  @TempDir Path home;

  @Test
  void anIdentityIsMadeOnceAndKept() {
    Identity first = Identity.atHome(home, new SeededRandom(1));
    Identity again = Identity.atHome(home, new SeededRandom(2));
    assertThat(again.peerId()).isEqualTo(first.peerId());
    assertThat(Identity.atHome(home.resolve("other"), new SeededRandom(2)).peerId())
        .isNotEqualTo(first.peerId());
  }

  @Test
  void onlyItsOwnerCanReadTheKey() throws IOException {
    var _ = Identity.atHome(home, new SeededRandom(1));
    assertThat(permissions(keyFile())).isEqualTo("rw-------");
    assertThat(permissions(home.resolve("keys"))).isEqualTo("rwx------");
    try (var files = Files.list(home.resolve("keys"))) {
      assertThat(files).containsExactly(keyFile());
    }
  }

  @Test
  void aKeyThatOthersCanReadIsRefused() throws IOException {
    var _ = Identity.atHome(home, new SeededRandom(1));
    Files.setPosixFilePermissions(keyFile(), PosixFilePermissions.fromString("rw-r-----"));
    assertBadFile("chmod 600");
  }

  @Test
  void damageToAnyByteOfTheKeyIsSeen() throws IOException {
    Identity identity = Identity.atHome(home, new SeededRandom(1));
    byte[] good = Files.readAllBytes(keyFile());
    for (int i = 0; i < good.length; i++) {
      byte[] bad = good.clone();
      bad[i] ^= 4;
      Files.write(keyFile(), bad);
      try {
        assertThat(Identity.atHome(home, new SeededRandom(2)).peerId())
            .isEqualTo(identity.peerId());
      } catch (FolkmootException damaged) {
        assertThat(damaged.code()).isEqualTo(FolkmootException.Code.BAD_FILE);
      }
    }
  }

  @Test
  void aKeyThatIsCutShortOrEmptyOrHugeIsDamaged() throws IOException {
    var _ = Identity.atHome(home, new SeededRandom(1));
    byte[] good = Files.readAllBytes(keyFile());
    for (byte[] bad :
        new byte[][] {{}, Arrays.copyOf(good, good.length / 2), Arrays.copyOf(good, 1 << 20)}) {
      Files.write(keyFile(), bad);
      assertBadFile("damaged");
    }
  }

  @Test
  void aHomeThatCannotBeWrittenIsSaidSo() throws IOException {
    Path file = Files.createFile(home.resolve("file"));
    assertThatThrownBy(() -> Identity.atHome(file, new SeededRandom(1)))
        .isInstanceOfSatisfying(
            FolkmootException.class,
            e -> assertThat(e.code()).isEqualTo(FolkmootException.Code.NO_ROOM));
  }

  /** RFC 8032, 7.1, TEST 2. */
  @Test
  void verifiesAsTheStandardDoes() {
    HexFormat hex = HexFormat.of();
    PeerId peer =
        new PeerId(
            Hash32.ofHex("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"));
    byte[] signature =
        hex.parseHex(
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
                + "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00");
    assertThat(Identity.verify(peer, new byte[] {0x72}, signature)).isTrue();
    assertThat(Identity.verify(peer, new byte[] {0x73}, signature)).isFalse();
  }

  @Test
  void aSignatureHoldsForItsMessageAndPeerOnly() {
    Identity identity = SeededRandom.identity(1);
    byte[] message = "hello".getBytes(UTF_8);
    byte[] signature = identity.sign(message);
    assertThat(Identity.verify(identity.peerId(), message, signature)).isTrue();
    assertThat(Identity.verify(SeededRandom.identity(2).peerId(), message, signature)).isFalse();
    assertThat(Identity.verify(identity.peerId(), message, new byte[64])).isFalse();
    assertThat(Identity.verify(identity.peerId(), message, new byte[0])).isFalse();
    byte[] noPoint = new byte[32];
    Arrays.fill(noPoint, (byte) 0xff);
    assertThat(Identity.verify(new PeerId(Hash32.of(noPoint)), message, signature)).isFalse();
  }

  @Test
  void itsTextShowsNoSecret() {
    Identity identity = SeededRandom.identity(1);
    assertThat(identity).hasToString(identity.peerId().toString());
  }

  private void assertBadFile(String says) {
    assertThatThrownBy(() -> Identity.atHome(home, new SeededRandom(1)))
        .isInstanceOfSatisfying(
            FolkmootException.class,
            e -> assertThat(e.code()).isEqualTo(FolkmootException.Code.BAD_FILE))
        .hasMessageContaining(says);
  }

  private Path keyFile() {
    return home.resolve("keys").resolve("peer.key");
  }

  private static String permissions(Path path) throws IOException {
    return PosixFilePermissions.toString(Files.getPosixFilePermissions(path));
  }
}
