package org.folkmoot.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.SplittableRandom;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.base.FolkmootException.Code;
import org.folkmoot.base.PrivateFile;
import org.folkmoot.engine.template.ChatMessage;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SavedChatTest {
  private static final SavedChat CHAT =
      new SavedChat(
          "tiny:1b",
          "be \"brief\"\n",
          AnswerSettings.USUAL
              .with("temperature", "0.25")
              .with("seed", "-7")
              .withStops(List.of("\n\n", "END")),
          List.of(
              new ChatMessage("user", "Grüße, \u0000 👍 </s>"),
              new ChatMessage("assistant", "answer")));

  @TempDir Path folder;

  private Path write(String json) throws IOException {
    return Files.writeString(folder.resolve("chat.json"), json, StandardCharsets.UTF_8);
  }

  @Test
  void comesBackAsItWas() {
    Path file = folder.resolve("chat.json");
    CHAT.write(file);
    assertThat(SavedChat.read(file)).isEqualTo(CHAT);
    CHAT.write(file);
    assertThat(folder.toFile().list()).as("nothing else is left").containsExactly("chat.json");
  }

  @Test
  void onlyItsOwnerMayReadIt() throws IOException {
    Path file = folder.resolve("chat.json");
    CHAT.write(file);
    assertThat(permissions(file)).isEqualTo("rw-------");
    Path made = folder.resolve("sub/history");
    PrivateFile.create(made);
    PrivateFile.create(made);
    assertThat(permissions(made)).isEqualTo("rw-------");
    assertThat(permissions(folder.resolve("sub"))).isEqualTo("rwx------");
  }

  private static String permissions(Path path) throws IOException {
    return PosixFilePermissions.toString(Files.getPosixFilePermissions(path));
  }

  @Test
  void neverReplacesAnythingElse() throws IOException {
    Path file = write("my only copy of something");
    assertThatThrownBy(() -> CHAT.write(file)).hasMessageContaining("choose another name");
    assertThat(file).hasContent("my only copy of something");
    assertThatThrownBy(() -> CHAT.write(folder)).hasMessageContaining("choose another name");
    assertThatThrownBy(() -> CHAT.write(folder.resolve("none/chat.json")))
        .isInstanceOf(FolkmootException.class)
        .hasMessageContaining("choose another place");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "null",
        "[]",
        "{}",
        "{",
        "{\"format\": 1}",
        "{\"format\": \"folkmoot-chat/2\"}",
        "{\"format\": \"folkmoot-chat/1\"}",
        "{\"format\": \"folkmoot-chat/1\", \"format\": \"folkmoot-chat/1\"}",
        "{\"format\": \"folkmoot-chat/1\", \"model\": \"m\", \"system\": \"\", \"messages\": {}}",
        "{\"format\": \"folkmoot-chat/1\", \"model\": 7, \"system\": \"\", \"messages\": []}",
        "{\"format\": \"folkmoot-chat/1\", \"model\": \"m\", \"system\": null, \"messages\": []}",
        "{\"format\": \"folkmoot-chat/1\", \"model\": \"m\", \"system\": \"\", \"messages\": []} x",
        "{\"format\": \"folkmoot-chat/1\", \"model\": \"m\", \"system\": \"\", \"messages\":"
            + " [{\"role\": \"user\", \"content\": \"secret\"}]}",
        "{\"format\": \"folkmoot-chat/1\", \"model\": \"m\", \"system\": \"\", \"messages\":"
            + " [{\"role\": \"system\", \"content\": \"secret\"}]}",
        "{\"format\": \"folkmoot-chat/1\", \"model\": \"m\", \"system\": \"\", \"messages\":"
            + " [\"secret\", 5]}",
        "{\"format\": \"folkmoot-chat/1\", \"model\": \"m\", \"system\": \"\", \"messages\":"
            + " [{\"role\": \"user\", \"content\": [\"secret\"]}]}",
        "{\"format\": \"folkmoot-chat/1\", \"settings\": {\"temperature\": 1}}",
        "{\"format\": \"folkmoot-chat/1\", \"settings\": {\"temperature\": \"NaN\"}}",
        "{\"format\": \"folkmoot-chat/1\", \"settings\": {\"\\u001b[2Jx\": \"\\u001b[2J\"}}",
        "{\"format\": \"folkmoot-chat/1\", \"settings\": {\"top-k\": \"\\u001b[2J\"}}",
        "{\"format\": \"folkmoot-chat/1\", \"model\": \"m\", \"system\": \"\", \"stops\": [\"\"]}",
        "{\"format\": \"folkmoot-chat/1\", \"model\": \"m\", \"system\": \"\", \"stops\": [[]]}",
      })
  void refusesWhatIsNoSavedChat(String json) throws IOException {
    Path file = write(json);
    assertThatThrownBy(() -> SavedChat.read(file))
        .isInstanceOf(FolkmootException.class)
        .satisfies(refused -> assertThat(refused.getMessage()).doesNotContain("secret", "\u001b"));
  }

  @Test
  void refusesWhatIsTooMuch() throws IOException {
    Path deep = write("[".repeat(2_000_000));
    assertThatThrownBy(() -> SavedChat.read(deep)).hasMessageContaining("is no saved chat");
    Path big = write(" ".repeat(17 << 20));
    assertThatThrownBy(() -> SavedChat.read(big)).hasMessageContaining("more than 16 MiB");
    assertThatThrownBy(() -> SavedChat.read(folder)).hasMessageContaining("there is no file");
    assertThatThrownBy(() -> SavedChat.read(folder.resolve("none")))
        .isInstanceOfSatisfying(
            FolkmootException.class,
            refused -> assertThat(refused.code()).isEqualTo(Code.NOT_FOUND));
  }

  @Test
  void damagedFilesAreRefusedOrStillChats() throws IOException {
    Path file = folder.resolve("chat.json");
    CHAT.write(file);
    byte[] sound = Files.readAllBytes(file);
    SplittableRandom random = new SplittableRandom(1);
    for (int round = 0; round < 3000; round++) {
      byte[] damaged = sound.clone();
      for (int i = random.nextInt(4); i >= 0; i--) {
        damaged[random.nextInt(damaged.length)] = (byte) random.nextInt(256);
      }
      Files.write(file, damaged);
      try {
        assertThat(SavedChat.read(file).messages().size() % 2).isZero();
      } catch (FolkmootException refused) {
        assertThat(refused.getMessage()).isNotBlank();
      }
    }
  }
}
