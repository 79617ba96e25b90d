package org.folkmoot.cli;

import static org.folkmoot.base.FolkmootException.Code.BAD_FILE;
import static org.folkmoot.base.FolkmootException.Code.NO_ROOM;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.base.PrivateFile;
import org.folkmoot.proof.Disclosure;
import org.folkmoot.proof.ReceiptCodec;
import org.folkmoot.session.Generation;
import org.folkmoot.session.GenerationRequest;
import org.folkmoot.session.LanguageModel;
import org.folkmoot.session.Notary;
import org.folkmoot.session.ToldTemplate;
import org.jspecify.annotations.Nullable;

/**
 * The receipts of a chat's answers. They are made with each answer, for nobody can sign it later,
 * and are kept beside a saved chat: in the folder {@code FILE.receipts}, those of the seventh
 * answer as {@code 7.receipt} and {@code 7.disclosure}, as {@code folkmoot verify} takes them.
 */
final class ChatReceipts {
  private static final String RECEIPT = ".receipt";
  private static final String DISCLOSURE = ".disclosure";

  private final Surroundings surroundings;

  /** By the number of the answer, from 1. */
  private final SortedMap<Integer, Notary.Proof> proofs = new TreeMap<>();

  private final Optional<MootDefaults.AdoptedPolicy> adopted;
  private @Nullable Notary notary;
  private @Nullable Notary underPolicy;
  private boolean cannotSign;

  ChatReceipts(Surroundings surroundings) {
    this(surroundings, Optional.empty());
  }

  /**
   * The receipts of a chat.
   *
   * @param adopted the moot's system prompt: a policy wherever it is what the model is told
   */
  ChatReceipts(Surroundings surroundings, Optional<MootDefaults.AdoptedPolicy> adopted) {
    this.surroundings = surroundings;
    this.adopted = adopted;
  }

  /** Prepares the receipt of an answer; empty where this home cannot keep a key to sign with. */
  Optional<Notary.Pending> begin(
      LanguageModel model,
      GenerationRequest request,
      String system,
      Map<String, @Nullable Object> told) {
    if (notary == null && !cannotSign) {
      try {
        notary = Notaries.ofHome(surroundings);
        if (adopted.isPresent()) {
          underPolicy = Notaries.of(surroundings, List.of(adopted.get().hash()));
        }
      } catch (FolkmootException noKey) {
        cannotSign = true;
      }
    }
    Notary.Shaping shaping =
        new Notary.Shaping(
            Optional.of(ToldTemplate.of(model.chatTemplate(), told)),
            Optional.of(system).filter(text -> !text.isEmpty()));
    boolean byMoot =
        adopted.flatMap(MootDefaults.AdoptedPolicy::prompt).filter(system::equals).isPresent();
    return Optional.ofNullable(byMoot ? underPolicy : notary)
        .map(signs -> signs.begin(model, request, shaping));
  }

  /** Keeps the receipt of an answer that has just been given, if there is one. */
  void finish(int number, Optional<Notary.Pending> pending, Generation generation, Answer answer) {
    proofs.remove(number);
    pending
        .flatMap(begun -> begun.finish(generation, answer.idArray()))
        .ifPresent(proof -> proofs.put(number, proof));
  }

  /** The receipt of an answer. */
  Optional<Notary.Proof> of(int number) {
    return Optional.ofNullable(proofs.get(number));
  }

  /** Forgets all. */
  void clear() {
    proofs.clear();
  }

  static Path folderOf(Path chat) {
    return chat.resolveSibling(chat.getFileName() + ".receipts");
  }

  /**
   * Writes them beside a saved chat, in the place of those that were there.
   *
   * @return how many
   * @throws FolkmootException NO_ROOM if they cannot be written
   */
  int write(Path chat) {
    Path folder = folderOf(chat);
    try {
      deleteOwn(folder);
      for (Map.Entry<Integer, Notary.Proof> one : proofs.entrySet()) {
        PrivateFile.write(
            folder.resolve(one.getKey() + RECEIPT), ReceiptCodec.encode(one.getValue().receipt()));
        PrivateFile.write(
            folder.resolve(one.getKey() + DISCLOSURE), one.getValue().disclosure().encode());
      }
    } catch (IOException failed) {
      throw new FolkmootException(
          NO_ROOM,
          "the receipts cannot be written to " + folder + ": choose another place",
          failed);
    }
    return proofs.size();
  }

  /** Removes what an earlier save left, and nothing else. */
  private static void deleteOwn(Path folder) throws IOException {
    if (!Files.isDirectory(folder)) {
      return;
    }
    try (DirectoryStream<Path> files = Files.newDirectoryStream(folder, "*.{receipt,disclosure}")) {
      for (Path file : files) {
        if (String.valueOf(file.getFileName()).matches("[0-9]+\\.[a-z]+")) {
          Files.delete(file);
        }
      }
    }
  }

  /**
   * Takes over those beside a saved chat. One that is damaged is left out: the chat is whole
   * without it.
   *
   * @param answers how many the chat has
   * @return the numbers of the answers whose receipt is damaged
   */
  List<Integer> read(Path chat, int answers) {
    clear();
    Path folder = folderOf(chat);
    List<Integer> damaged = new ArrayList<>();
    for (int number = 1; number <= answers; number++) {
      Path receipt = folder.resolve(number + RECEIPT);
      if (!Files.isRegularFile(receipt)) {
        continue;
      }
      try {
        byte[] opens = bytes(folder.resolve(number + DISCLOSURE), Disclosure.MAX_BYTES);
        proofs.put(
            number,
            new Notary.Proof(
                ReceiptCodec.decode(bytes(receipt, ReceiptCodec.MAX_BYTES)),
                Disclosure.decode(opens)));
      } catch (FolkmootException | IOException cannot) {
        damaged.add(number);
      }
    }
    return damaged;
  }

  private static byte[] bytes(Path file, int most) throws IOException {
    if (Files.size(file) > most) {
      throw new FolkmootException(BAD_FILE, file + " is longer than any such file can be");
    }
    return Files.readAllBytes(file);
  }
}
