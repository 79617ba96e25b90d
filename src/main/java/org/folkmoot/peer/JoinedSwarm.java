package org.folkmoot.peer;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.folkmoot.base.FolkmootException.Code.BAD_FILE;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.base.Hash32;
import org.folkmoot.base.PrivateFile;
import org.folkmoot.wire.Base32;
import org.folkmoot.wire.PeerId;
import org.folkmoot.wire.SwarmId;
import org.jspecify.annotations.Nullable;

/**
 * The swarm that a node belongs to, as it is remembered between runs: a file of a few lines, each a
 * key and its value.
 *
 * @param swarm which
 * @param name its name, for people
 * @param joinedMillis the date of joining
 * @param issuer whose invite it was; of a swarm that was opened here, ourselves
 */
public record JoinedSwarm(SwarmId swarm, String name, long joinedMillis, PeerId issuer) {
  /** A file that is larger is not ours. */
  private static final int MAX_FILE = 8192;

  /**
   * Reads the file; empty if there is none.
   *
   * @throws FolkmootException BAD_FILE if it is damaged
   */
  public static Optional<JoinedSwarm> read(Path file) {
    try {
      if (Files.size(file) > MAX_FILE) {
        throw damaged(file, null);
      }
      Map<String, String> fields = new HashMap<>();
      for (String line : Files.readAllLines(file, UTF_8)) {
        int space = line.indexOf(' ');
        fields.put(
            space < 0 ? line : line.substring(0, space),
            space < 0 ? "" : line.substring(space + 1));
      }
      return Optional.of(
          new JoinedSwarm(
              new SwarmId(Hash32.of(Base32.decode(fields.getOrDefault("swarm", "")))),
              fields.getOrDefault("name", ""),
              Long.parseLong(fields.getOrDefault("joined", "")),
              PeerId.parse(fields.getOrDefault("issuer", ""))));
    } catch (NoSuchFileException none) {
      return Optional.empty();
    } catch (IOException | IllegalArgumentException | FolkmootException wrong) {
      throw damaged(file, wrong);
    }
  }

  /** Writes the file, whole or not at all, for its owner's eyes only. */
  public void write(Path file) throws IOException {
    String text =
        "swarm %s\nname %s\njoined %d\nissuer %s\n"
            .formatted(
                Base32.encode(swarm.id().bytes()),
                name.replaceAll("\\R", " "),
                joinedMillis,
                issuer.text());
    PrivateFile.write(file, text.getBytes(UTF_8));
  }

  private static FolkmootException damaged(Path file, @Nullable Exception cause) {
    return new FolkmootException(
        BAD_FILE, file + " is damaged: delete it and join the swarm again with an invite", cause);
  }
}
