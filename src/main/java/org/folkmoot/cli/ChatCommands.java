package org.folkmoot.cli;

import static org.folkmoot.base.FolkmootException.Code.BAD_REQUEST;

import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.base.NearNames;
import org.folkmoot.engine.template.ChatMessage;
import org.jspecify.annotations.Nullable;

/** The commands within a chat, which begin with a slash. */
final class ChatCommands {
  /** For completion and hints; {@code ?}, {@code exit} and {@code quit} are known, too. */
  static final List<String> NAMES =
      List.of("help", "model", "system", "set", "seed", "save", "receipt", "load", "clear", "bye");

  private static final String VERBOSE = "verbose";
  private static final String QUIET = "quiet";

  /** As much of a question as reminds a person of it. */
  private static final int REMINDER = 60;

  private static final String HELP =
      """
      /model [NAME]        go on with another model, or show which one speaks
      /system [TEXT]       what the model is told first, or show it; "" for nothing
      /set [NAME VALUE]    set how answers are made, or show it
      /set verbose|quiet   say after each answer what it took, or don't
      /seed N|random       answers that can be repeated, or not
      /save FILE           keep this chat in a file, and the receipts of its answers
                           in the folder FILE.receipts, for 'folkmoot verify'
      /receipt FILE [FILE] write the receipt of the last answer, and what opens it
      /load FILE           go on with the chat in a file
      /clear               begin anew
      /bye                 leave (also Ctrl-D)

      Ctrl-C stops an answer. Alt-Enter, or a backslash at the end of a line, begins
      a new line; so does Enter between \""" and \""".
      """
          .stripTrailing();

  private final Chat chat;
  private final Surroundings surroundings;

  ChatCommands(Chat chat, Surroundings surroundings) {
    this.chat = chat;
    this.surroundings = surroundings;
  }

  /**
   * Does what a command says.
   *
   * @return false if that was to leave
   * @throws FolkmootException if it cannot be done
   */
  boolean run(ChatInput.Command command) {
    String argument = command.argument();
    switch (command.name()) {
      case "help", "?" -> chat.say(HELP);
      case "model" -> model(argument);
      case "system" -> system(argument);
      case "set" -> set(argument);
      case "seed" -> set(AnswerSettings.SEED + " " + argument);
      case "save" -> save(argument);
      case "receipt" -> receipt(argument);
      case "load" -> load(argument);
      case "clear" -> {
        chat.clear();
        chat.say("The chat begins anew.");
      }
      case "bye", "exit", "quit" -> {
        return false;
      }
      default ->
          throw new FolkmootException(
              BAD_REQUEST,
              "there is no command '/%s'%s; /? lists them"
                  .formatted(
                      PlainText.line(command.name(), REMINDER),
                      NearNames.hint(command.name(), NAMES)));
    }
    return true;
  }

  private void model(String reference) {
    if (!reference.isEmpty()) {
      chat.switchTo(reference);
    }
    chat.say(
        "%s speaks, with a context of %,d tokens"
            .formatted(chat.voice().shortName(), chat.voice().model().contextLength()));
  }

  private void system(String text) {
    if (!text.isEmpty()) {
      chat.transcript().setSystem(text.equals("\"\"") ? "" : text);
    }
    String system = chat.transcript().system();
    chat.say(
        system.isEmpty()
            ? "The model is told nothing first."
            : "The model is told: " + PlainText.of(system));
  }

  private void set(String words) {
    String[] parts = words.split("\\s+", 2);
    if (words.isEmpty()) {
      chat.say(
          chat.settings().byName().entrySet().stream()
              .map(setting -> "%-16s%s".formatted(setting.getKey(), setting.getValue()))
              .collect(Collectors.joining("\n")));
    } else if (words.equals(VERBOSE) || words.equals(QUIET)) {
      chat.setVerbose(words.equals(VERBOSE));
    } else {
      String value = parts.length == 2 ? parts[1].strip() : "";
      String name = parts[0].replace('_', '-');
      if (!value.isEmpty() || !chat.settings().byName().containsKey(name)) {
        chat.setSettings(chat.settings().with(name, value));
      }
      chat.say(name + " is " + chat.settings().byName().get(name) + ".");
    }
  }

  private void save(String file) {
    Path path = path(file, "save");
    Transcript transcript = chat.transcript();
    new SavedChat(
            chat.voice().reference(), transcript.system(), chat.settings(), transcript.messages())
        .write(path);
    int receipts = chat.receipts().write(path);
    chat.say(
        receipts == 0
            ? "saved in " + path
            : "saved in %s, with %d of %d receipts in %s"
                .formatted(
                    path,
                    receipts,
                    transcript.answers(),
                    ChatReceipts.folderOf(path).getFileName()));
  }

  private void receipt(String files) {
    String[] names = files.split("\\s+", 2);
    Path receipt = path(names[0], "receipt");
    @Nullable Path disclosure = names.length == 2 ? path(names[1], "receipt") : null;
    int last = chat.transcript().answers();
    ReceiptOptions.write(receipt, disclosure, chat.receipts().of(last));
    chat.say("the receipt of the last answer is in " + receipt);
  }

  private void load(String file) {
    Path path = path(file, "load");
    SavedChat saved = SavedChat.read(path);
    chat.clear();
    chat.transcript().replace(saved.messages());
    chat.transcript().setSystem(saved.system());
    chat.setSettings(saved.settings());
    List<Integer> damaged = chat.receipts().read(path, chat.transcript().answers());
    chat.say("loaded from " + path + reminder(saved.messages()));
    if (!damaged.isEmpty()) {
      chat.say("The receipts of these answers are damaged and left out: " + damaged);
    }
    if (!saved.model().equals(chat.voice().reference())) {
      String model = PlainText.line(saved.model(), REMINDER);
      chat.say("It was held with " + model + ": '/model " + model + "' goes on with that.");
    }
  }

  private static String reminder(List<ChatMessage> messages) {
    return messages.isEmpty()
        ? ""
        : "; the last question was: "
            + PlainText.line(messages.get(messages.size() - 2).content(), REMINDER);
  }

  private Path path(String file, String command) {
    if (file.isEmpty()) {
      throw new FolkmootException(
          BAD_REQUEST, "to which file? For example: /" + command + " chat.json");
    }
    try {
      String home = surroundings.environment().getOrDefault("HOME", "~");
      return Path.of(file.startsWith("~/") ? home + file.substring(1) : file).toAbsolutePath();
    } catch (InvalidPathException invalid) {
      throw new FolkmootException(BAD_REQUEST, "that is no name of a file", invalid);
    }
  }
}
