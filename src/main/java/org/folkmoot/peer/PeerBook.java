package org.folkmoot.peer;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.base.PrivateFile;
import org.folkmoot.wire.Limits;
import org.folkmoot.wire.PeerAddress;
import org.folkmoot.wire.PeerId;

/**
 * The peers that a node once met and where: what lets a swarm find itself again when everybody who
 * could introduce anybody is gone. It belongs to the node's loop.
 *
 * <p>The file has a line a peer: its id, the date it was last seen, its addresses. Lines that make
 * no sense are left out: half a book is better than none.
 */
public final class PeerBook {
  /** One of so many is there, even months later. */
  private static final int MAX_PEERS = 1000;

  /** A file that is larger than a full book is not ours. */
  private static final int MAX_FILE = 4 << 20;

  private final Map<PeerId, Entry> entries = new LinkedHashMap<>();

  /**
   * A peer in the book.
   *
   * @param lastSeenMillis the date of the last link to it, or of the announcement if there never
   *     was one
   * @param addresses best first, never empty
   */
  public record Entry(PeerId peer, long lastSeenMillis, List<PeerAddress> addresses) {
    /** Copies. */
    public Entry {
      addresses = List.copyOf(addresses);
    }
  }

  /** An empty book. */
  public PeerBook() {}

  /** Reads a book; a file that is not there or cannot be read gives an empty one. */
  public static PeerBook read(Path file) {
    PeerBook book = new PeerBook();
    try {
      if (Files.size(file) <= MAX_FILE) {
        // As Latin-1 any bytes are text, so that a damaged line costs that line only.
        for (String line : Files.readAllLines(file, ISO_8859_1)) {
          entry(line).ifPresent(book::put);
        }
      }
    } catch (NoSuchFileException none) {
      return book;
    } catch (IOException unreadable) {
      return book;
    }
    return book;
  }

  private static Optional<Entry> entry(String line) {
    String[] words = line.split(" ", -1);
    if (words.length < 3 || words.length > 2 + Limits.MAX_ADDRESSES) {
      return Optional.empty();
    }
    try {
      return Optional.of(
          new Entry(
              PeerId.parse(words[0]),
              Long.parseLong(words[1]),
              Arrays.stream(words).skip(2).map(PeerAddress::parse).toList()));
    } catch (NumberFormatException | FolkmootException damaged) {
      return Optional.empty();
    }
  }

  /** The bytes of its file, to be written with {@link PrivateFile}. */
  public byte[] bytes() {
    StringBuilder text = new StringBuilder();
    for (Entry entry : entries.values()) {
      text.append(entry.peer.text()).append(' ').append(entry.lastSeenMillis);
      entry.addresses.forEach(address -> text.append(' ').append(address));
      text.append('\n');
    }
    return text.toString().getBytes(UTF_8);
  }

  /** Remembers a peer, or what is new about it. When the book is full the longest unseen goes. */
  public void put(Entry entry) {
    if (entry.addresses.isEmpty()) {
      return;
    }
    entries.put(entry.peer, entry);
    if (entries.size() > MAX_PEERS) {
      entries.values().stream()
          .min(Comparator.comparingLong(Entry::lastSeenMillis).thenComparing(Entry::peer))
          .ifPresent(oldest -> entries.remove(oldest.peer));
    }
  }

  /** What is known of a peer. */
  public Optional<Entry> get(PeerId peer) {
    return Optional.ofNullable(entries.get(peer));
  }

  /** All entries, those seen last first. */
  public List<Entry> entries() {
    List<Entry> sorted = new ArrayList<>(entries.values());
    sorted.sort(
        Comparator.comparingLong(Entry::lastSeenMillis).reversed().thenComparing(Entry::peer));
    return sorted;
  }
}
