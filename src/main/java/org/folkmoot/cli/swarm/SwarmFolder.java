package org.folkmoot.cli.swarm;

import static org.folkmoot.base.FolkmootException.Code.BAD_FILE;
import static org.folkmoot.base.FolkmootException.Code.NO_ROOM;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.random.RandomGenerator;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.base.Hash32;
import org.folkmoot.base.PrivateFile;
import org.folkmoot.ledger.credit.CreditBook;
import org.folkmoot.peer.JoinedSwarm;
import org.folkmoot.peer.PeerBook;
import org.folkmoot.proof.FraudProof;
import org.folkmoot.wire.Message;
import org.folkmoot.wire.PeerId;
import org.folkmoot.wire.SwarmId;

/** What a home keeps of its swarm: which one, the peers once met, heads of models. */
public record SwarmFolder(Path home) {
  private Path folder() {
    return home.resolve("swarm");
  }

  private Path file() {
    return folder().resolve("swarm");
  }

  Path book() {
    return folder().resolve("peers");
  }

  /** Who is owed what, by the serving node's own view. */
  public Path credits() {
    return folder().resolve("credits");
  }

  /**
   * Has a book take what this home has written down of credits, if it has.
   *
   * @throws FolkmootException BAD_FILE if it cannot be read
   */
  public static void restore(CreditBook book, Path credits) {
    try {
      if (Files.exists(credits)) {
        book.restore(Files.readAllBytes(credits));
      }
    } catch (IOException unreadable) {
      throw new FolkmootException(
          BAD_FILE,
          "cannot read the credits in %s: see that the file is yours".formatted(credits),
          unreadable);
    }
  }

  Path head(Hash32 model) {
    return folder().resolve("heads").resolve(model.hex() + ".gguf");
  }

  /** Where this home's serving node listens, for other commands of the same home. */
  Path listening() {
    return folder().resolve("listening");
  }

  private Path proofFolder() {
    return folder().resolve("proofs");
  }

  /** Proofs against peers that this node has checked. What cannot be read counts for nothing. */
  List<FraudProof> proofs() {
    if (!Files.isDirectory(proofFolder())) {
      return List.of();
    }
    List<FraudProof> proofs = new ArrayList<>();
    try (DirectoryStream<Path> files = Files.newDirectoryStream(proofFolder(), "*.cbor")) {
      files.forEach(file -> proof(file).ifPresent(proofs::add));
    } catch (IOException | DirectoryIteratorException unreadable) {
      return proofs;
    }
    return proofs;
  }

  private static Optional<FraudProof> proof(Path file) {
    try {
      return Files.size(file) <= FraudProof.MAX_BYTES
          ? Optional.of(FraudProof.parse(Files.readAllBytes(file)))
          : Optional.empty();
    } catch (IOException | FolkmootException damaged) {
      return Optional.empty();
    }
  }

  /** Keeps a proof that was checked. */
  void keep(FraudProof proof) {
    String name = proof.statement().hop().key().hex() + ".cbor";
    save(proofFolder().resolve(name), proof.toBytes());
  }

  /** Where the proof against a peer is kept. */
  public Path proofAgainst(PeerId peer) {
    return proofFolder().resolve(peer.key().hex() + ".cbor");
  }

  private Path port() {
    return folder().resolve("port");
  }

  /** At which port this home's node listened last when it could have any; 0 if it did not. */
  int lastPort() {
    try {
      int port = Integer.parseInt(Files.readString(port()).strip());
      return port > 0 && port <= 65535 ? port : 0;
    } catch (IOException | NumberFormatException none) {
      return 0;
    }
  }

  /** Remembers it. */
  void lastPort(int port) {
    save(port(), (port + "\n").getBytes(StandardCharsets.UTF_8));
  }

  /** The swarm that this home belongs to; empty if none. */
  public Optional<JoinedSwarm> joined() {
    return JoinedSwarm.read(file());
  }

  /** Remembers a swarm in place of another. */
  public void join(JoinedSwarm swarm) {
    write(file(), swarm::write);
  }

  /** The swarm of this home; a new one if there is none. */
  public JoinedSwarm joinedOrOpened(
      PeerId self, String name, long clockMillis, RandomGenerator random) {
    Optional<JoinedSwarm> joined = joined();
    if (joined.isPresent()) {
      return joined.get();
    }
    byte[] id = new byte[Hash32.BYTES];
    random.nextBytes(id);
    JoinedSwarm opened = new JoinedSwarm(new SwarmId(Hash32.of(id)), name, clockMillis, self);
    join(opened);
    return opened;
  }

  /** Writes down peers that may be there, as an invite names them. */
  public void meet(List<Message.Contact> contacts, long nowMillis) {
    PeerBook book = PeerBook.read(book());
    for (Message.Contact contact : contacts) {
      if (!contact.addresses().isEmpty()) {
        book.put(new PeerBook.Entry(contact.peer(), nowMillis, contact.addresses()));
      }
    }
    save(book(), book.bytes());
  }

  private interface Write {
    void to(Path file) throws IOException;
  }

  static void save(Path file, byte[] bytes) {
    write(file, at -> PrivateFile.write(at, bytes));
  }

  private static void write(Path file, Write write) {
    try {
      write.to(file);
    } catch (IOException failed) {
      throw new FolkmootException(
          NO_ROOM,
          "cannot write %s (%s): see that there is room and that the folder is yours"
              .formatted(file, failed.getMessage()),
          failed);
    }
  }
}
