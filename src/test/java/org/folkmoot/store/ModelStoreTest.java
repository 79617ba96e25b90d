package org.folkmoot.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.folkmoot.base.FolkmootException.Code.BAD_FILE;
import static org.folkmoot.base.FolkmootException.Code.BAD_REQUEST;
import static org.folkmoot.base.FolkmootException.Code.NOT_FOUND;
import static org.folkmoot.base.FolkmootException.Code.WRONG_HASH;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.store.ProgressListener.Stage;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Names, files of a person's own, the index and its damage. */
class ModelStoreTest {
  private static final byte[] BYTES = TestStore.model(5000, 1);
  private static final byte[] OTHER = TestStore.model(6000, 2);

  @TempDir Path folder;
  private TestStore test;
  private Path file;

  @BeforeEach
  void newStore() throws IOException {
    test = new TestStore(folder.resolve("home"));
    file = folder.resolve("My Model.Q8_0.gguf");
    write(BYTES, 100);
  }

  /** Writes the file and says it was changed so many seconds before now. */
  private void write(byte[] bytes, long secondsAgo) throws IOException {
    Files.write(file, bytes);
    Files.setLastModifiedTime(file, FileTime.from(TestStore.NOW.minusSeconds(secondsAgo)));
  }

  private static void assertFails(
      FolkmootException.Code code, String message, ThrowingCallable call) {
    assertThatThrownBy(call)
        .isInstanceOfSatisfying(
            FolkmootException.class, failure -> assertThat(failure.code()).isEqualTo(code))
        .hasMessageContaining(message);
  }

  @Test
  void aFileIsUsedInPlaceAndHashedOnce() throws IOException {
    StoredModel model = test.open().resolve(file.toString(), test.heard).orElseThrow();
    assertThat(model.path()).isEqualTo(file);
    assertThat(model.sha256()).isEqualTo(TestStore.sha256(BYTES));
    assertThat(model.hashOrigin()).isEqualTo(HashOrigin.OWN_FILE);
    assertThat(test.heard.heard(Stage.CHECKING)).isTrue();

    TestStore.Heard again = new TestStore.Heard();
    assertThat(test.open().resolve(file.toString(), again)).contains(model);
    assertThat(again.progress).isEmpty();

    write(OTHER, 50);
    assertThat(test.open().require(file.toString()).sha256()).isEqualTo(TestStore.sha256(OTHER));
    assertThat(test.open().list()).isEmpty();
  }

  @Test
  void aFileThatJustChangedIsHashedAgain() throws IOException {
    write(BYTES, 1);
    test.open().require(file.toString());
    // Another content within the same tick of the clock.
    byte[] sneaky = TestStore.model(5000, 3);
    write(sneaky, 1);
    assertThat(test.open().require(file.toString()).sha256()).isEqualTo(TestStore.sha256(sneaky));
  }

  @Test
  void filesThatAreNoneAreSaid() {
    assertFails(NOT_FOUND, "there is no file", () -> test.open().resolve("./no-such.gguf"));
    assertFails(BAD_FILE, "is not a file", () -> test.open().resolve(folder.toString()));
    assertFails(BAD_REQUEST, "not a path", () -> test.open().resolve("./a\0b.gguf"));
  }

  @Test
  void pullingAFileKeepsACopy() throws IOException {
    StoredModel model = test.open().pull(file.toString(), test.heard);
    assertThat(model.name()).isEqualTo("my-model.q8_0:latest");
    assertThat(model.path()).isNotEqualTo(file).hasBinaryContent(BYTES);
    assertThat(model.path().toFile().canWrite() && !isRoot()).isFalse();
    Files.delete(file);
    assertThat(test.open().resolve("my-model.q8_0")).contains(model);
    assertThat(test.open().resolve("MY-Model.Q8_0:latest")).contains(model);
    assertThat(test.open().verify(model, ProgressListener.NONE)).isTrue();
  }

  private static boolean isRoot() {
    return System.getProperty("user.name").equals("root");
  }

  @Test
  void pullingAChangedFileReplacesIt() throws IOException {
    test.open().pull(file.toString(), "mine", test.heard);
    write(OTHER, 50);
    StoredModel now = test.open().pull(file.toString(), "mine", test.heard);
    assertThat(now.path()).hasBinaryContent(OTHER);
    assertThat(test.files())
        .contains("names/mine@latest.json", "blobs/" + now.sha256() + ".gguf")
        .doesNotContain("blobs/" + TestStore.sha256(BYTES) + ".gguf");
  }

  @Test
  void aFileThatTheCatalogueKnowsIsThatModel() throws IOException {
    test.knowing("known:1", BYTES, "https://x.test/known.gguf");
    StoredModel model = test.open().pull(file.toString(), test.heard);
    assertThat(model.name()).isEqualTo("known:1");
    assertThat(model.hashOrigin()).isEqualTo(HashOrigin.CATALOGUE);
    assertThat(model.licence()).isEqualTo("MIT");
    write(OTHER, 50);
    assertFails(
        WRONG_HASH,
        "known:1",
        () -> test.open().pull(file.toString(), "known:1", ProgressListener.NONE));
    assertThat(test.open().resolve("known")).contains(model);
  }

  @Test
  void aNameMeansWhatIsHereAndElseWhatTheCatalogueSays() throws IOException {
    test.knowing("known:1", BYTES, "https://x.test/known.gguf");
    ModelStore store = test.open();
    assertThat(store.meaning("known:1")).contains(TestStore.sha256(BYTES));
    assertThat(store.meaning("known")).contains(TestStore.sha256(BYTES));
    assertThat(store.meaning("mine")).isEmpty();
    assertThat(store.meaning("../mine")).isEmpty();
    write(OTHER, 50);
    store.pull(file.toString(), "mine", test.heard);
    assertThat(store.meaning("mine")).contains(TestStore.sha256(OTHER));
  }

  @Test
  void namesHaveTags() throws IOException {
    test.knowing("m:small", BYTES, file.toString()).knowing("m:big", OTHER, file.toString());
    // The first of a family is what the bare name means.
    assertThat(test.open().pull("m", test.heard).name()).isEqualTo("m:small");
    assertThat(test.open().require("M").name()).isEqualTo("m:small");
    test.open().pull(file.toString(), "m", test.heard);
    // But what is here as latest goes first, as in Ollama.
    assertThat(test.open().require("m").name()).isEqualTo("m:latest");
  }

  @Test
  void unknownNamesSuggestTheNearOnes() throws IOException {
    test.knowing("smollm2:135m", BYTES, "https://x.test/a.gguf")
        .knowing("mistral:7b", OTHER, "https://x.test/b.gguf");
    test.open().pull(file.toString(), "mine:q8", test.heard);
    ModelStore store = test.open();
    assertFails(
        NOT_FOUND,
        "there is no model 'smolm2:135m': did you mean 'smollm2:135m'?",
        () -> store.pull("smolm2:135m", ProgressListener.NONE));
    assertFails(NOT_FOUND, "did you mean 'mine:q8'?", () -> store.require("mine:q4"));
    assertFails(NOT_FOUND, "'folkmoot catalogue' lists", () -> store.require("qqqqqqqqqq"));
    assertFails(NOT_FOUND, "'folkmoot pull mistral:7b' first", () -> store.require("mistral:7b"));
    assertThat(store.resolve("mistral:7b")).isEmpty();
    assertFails(BAD_REQUEST, "is not a model name", () -> store.resolve("what ever"));
    assertFails(BAD_REQUEST, "is not a model name", () -> store.resolve(""));
    assertFails(BAD_REQUEST, "is not a model name", () -> store.resolve("sha256sum:../../x"));
  }

  @Test
  void aHashIsAReference() throws IOException {
    StoredModel model = test.open().pull(file.toString(), test.heard);
    String hash = "sha256:" + model.sha256();
    assertThat(test.open().resolve(hash)).contains(model);
    assertThat(test.open().resolve(hash.substring(0, 15))).contains(model);
    assertThat(test.open().resolve("sha256:00000000")).isEmpty();
    assertFails(BAD_REQUEST, "at least 8", () -> test.open().resolve("sha256:abc"));
  }

  @Test
  void twoNamesShareAFileUntilTheLastIsRemoved() throws IOException {
    test.open().pull(file.toString(), "a", test.heard);
    test.open().pull(file.toString(), "b", test.heard);
    assertThat(test.open().list())
        .extracting(StoredModel::name)
        .containsExactly("a:latest", "b:latest");
    assertThat(test.open().remove("a")).isEqualTo(new Removal("a:latest", 0));
    assertThat(test.open().require("b").path()).hasBinaryContent(BYTES);
    assertThat(test.open().remove("b")).isEqualTo(new Removal("b:latest", BYTES.length));
    assertThat(test.open().list()).isEmpty();
    assertFails(NOT_FOUND, "no model 'b'", () -> test.open().remove("b"));
    assertFails(BAD_REQUEST, "file of yours", () -> test.open().remove(file.toString()));
    assertThat(file).exists();
  }

  @Test
  void aPinHoldsUntilTheNameIsRemoved() throws IOException {
    String reference = "pinned:1";
    try (LoopbackServer first = new LoopbackServer(LoopbackServer.good(BYTES))) {
      test.knowing(reference, null, first.url("/m.gguf"));
      StoredModel model = test.open().pull(reference, test.heard);
      assertThat(model.hashOrigin()).isEqualTo(HashOrigin.FIRST_PULL);
      assertThat(test.heard.notes).anyMatch(note -> note.contains("pinned to what came"));
      Files.delete(model.path());
    }
    test.catalogue = new Catalogue(List.of());
    try (LoopbackServer changed = new LoopbackServer(LoopbackServer.good(OTHER))) {
      test.knowing(reference, null, changed.url("/m.gguf"));
      ModelStore store = test.open();
      assertFails(WRONG_HASH, "", () -> store.pull(reference, test.heard));
      store.remove(reference);
      assertThat(store.pull(reference, test.heard).path()).hasBinaryContent(OTHER);
    }
  }

  @Test
  void removingDropsAnUnfinishedDownload() throws IOException {
    test.knowing("m:1", BYTES, "https://x.test/m.gguf");
    Path partial = test.partial(BYTES);
    Files.createDirectories(partial.getParent());
    Files.createDirectories(test.home.resolve("models/locks"));
    Files.write(partial, new byte[1234]);
    assertThat(test.open().remove("m:1")).isEqualTo(new Removal("m:1", 1234));
    assertThat(test.files()).isEmpty();
  }

  @Test
  void aDamagedEntryIsSetAsideAndTheOthersStay() throws IOException {
    test.open().pull(file.toString(), "a", test.heard);
    write(OTHER, 50);
    StoredModel b = test.open().pull(file.toString(), "b", test.heard);
    Path entry = test.home.resolve("models/names/a@latest.json");
    for (String damage :
        List.of("", "{", "[]", "{\"name\": \"a:latest\"}", "\0\0\0", "{\"sha256\": \"../../x\"}")) {
      Files.writeString(entry, damage);
      assertThat(test.open().resolve("a")).as(damage).isEmpty();
      assertThat(entry).doesNotExist();
      assertThat(entry.resolveSibling("a@latest.json.damaged")).hasContent(damage);
    }
    assertThat(test.heard.notes).anyMatch(note -> note.contains("was set aside"));
    // Its file is still here, under its hash.
    String orphan = "sha256:" + TestStore.sha256(BYTES).substring(0, 12);
    assertThat(test.open().list())
        .extracting(StoredModel::name)
        .containsExactly("b:latest", orphan);
    assertThat(test.open().require(orphan).path()).hasBinaryContent(BYTES);
    assertThat(test.open().remove(orphan).freedBytes()).isEqualTo(BYTES.length);
    assertThat(test.open().list()).containsExactly(b);
  }

  @Test
  void aLostEntryComesBackWithoutADownload() throws IOException {
    test.knowing("m:1", BYTES, file.toString());
    StoredModel model = test.open().pull("m:1", test.heard);
    Files.delete(test.home.resolve("models/names/m@1.json"));
    Files.delete(file);
    assertThat(test.open().resolve("m:1")).isEmpty();
    assertThat(test.open().pull("m:1", test.heard)).isEqualTo(model);
  }

  @Test
  void anEntryUnderAnotherNameIsNotTheModel() throws IOException {
    test.open().pull(file.toString(), "a", test.heard);
    Path names = test.home.resolve("models/names");
    Files.copy(names.resolve("a@latest.json"), names.resolve("b@latest.json"));
    assertThat(test.open().resolve("b")).isEmpty();
  }

  @Test
  void aDamagedFileIsPulledAgain() throws IOException {
    test.knowing("m:1", BYTES, file.toString());
    StoredModel model = test.open().pull("m:1", test.heard);
    for (byte[] damage : new byte[][] {new byte[10], TestStore.model(5001, 9)}) {
      Files.setPosixFilePermissions(model.path(), PosixFilePermissions.fromString("rw-------"));
      Files.write(model.path(), damage);
      assertThat(test.open().resolve("m:1")).isEmpty();
      assertThat(test.open().pull("m:1", test.heard).path()).hasBinaryContent(BYTES);
    }
    // The right length hides the damage until somebody looks.
    Files.setPosixFilePermissions(model.path(), PosixFilePermissions.fromString("rw-------"));
    Files.write(model.path(), TestStore.model(5000, 9));
    assertThat(test.open().verify(model, ProgressListener.NONE)).isFalse();
    test.open().remove("m:1");
    assertThat(test.open().pull("m:1", test.heard).path()).hasBinaryContent(BYTES);
  }

  @Test
  void theHomeIsItsOwnersAlone() throws IOException {
    test.open().pull(file.toString(), test.heard);
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(test.home)))
        .isEqualTo("rwx------");
  }
}
