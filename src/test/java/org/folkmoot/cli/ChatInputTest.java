package org.folkmoot.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.SplittableRandom;
import org.folkmoot.cli.ChatInput.Command;
import org.folkmoot.cli.ChatInput.Message;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ChatInputTest {
  @ParameterizedTest
  @ValueSource(
      strings = {
        "\"\"\"",
        "\"\"\"text",
        "\"\"\"\"\"",
        "  \"\"\"text\nmore",
        "text\\",
        "a\nb\\",
        "text\\\\\\",
        "/system \"\"\"be",
        "/set x\\"
      })
  void goesOn(String input) {
    assertThat(ChatInput.isOpen(input)).isTrue();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "text",
        "\"\"\"\"\"\"",
        "\"\"\"a\nb\"\"\"  ",
        "say \"\"\"hi",
        "text\\\\",
        "a\\\nb",
        "/system \"\"\"x\"\"\"",
        "/",
        "/bye"
      })
  void isWhole(String input) {
    assertThat(ChatInput.isOpen(input)).isFalse();
  }

  @Test
  void readsMessages() {
    assertThat(ChatInput.of("  hello\n")).isEqualTo(new Message("hello"));
    assertThat(ChatInput.of("\"\"\"\n one\ntwo\n\"\"\"")).isEqualTo(new Message("one\ntwo"));
    assertThat(ChatInput.of("\"\"\"\"\"\"")).isEqualTo(new Message(""));
    assertThat(ChatInput.of("one\\\ntwo")).isEqualTo(new Message("one\ntwo"));
    assertThat(ChatInput.of("\"\"\"never closed")).isEqualTo(new Message("never closed"));
    assertThat(ChatInput.of("\"\"\"/bye\"\"\"")).isEqualTo(new Message("/bye"));
    assertThat(ChatInput.of("a / b")).isEqualTo(new Message("a / b"));
  }

  @Test
  void readsCommands() {
    assertThat(ChatInput.of(" /Bye ")).isEqualTo(new Command("bye", ""));
    assertThat(ChatInput.of("/?")).isEqualTo(new Command("?", ""));
    assertThat(ChatInput.of("/")).isEqualTo(new Command("", ""));
    assertThat(ChatInput.of("/set  top-k   7 ")).isEqualTo(new Command("set", "top-k   7"));
    assertThat(ChatInput.of("/system \"\"\"be\nbrief\"\"\""))
        .isEqualTo(new Command("system", "be\nbrief"));
    assertThat(ChatInput.of("/system \"\"")).isEqualTo(new Command("system", "\"\""));
  }

  @Test
  void readsAnything() {
    SplittableRandom random = new SplittableRandom(1);
    String letters = "/\"\\ \nab?\t\u2003";
    for (int round = 0; round < 20_000; round++) {
      StringBuilder input = new StringBuilder();
      random
          .ints(random.nextInt(12), 0, letters.length())
          .forEach(i -> input.append(letters.charAt(i)));
      ChatInput.isOpen(input);
      assertThat(ChatInput.of(input.toString())).isNotNull();
    }
  }
}
