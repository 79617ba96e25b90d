package org.folkmoot.cli;

import static org.folkmoot.base.FolkmootException.Code.BAD_REQUEST;
import static org.folkmoot.base.FolkmootException.Code.NOT_FOUND;
import static org.folkmoot.base.FolkmootException.Code.NO_ROOM;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.base.Hash32;
import org.folkmoot.base.PrivateFile;
import org.folkmoot.ledger.Feed;
import org.folkmoot.ledger.Ledger;
import org.folkmoot.ledger.LedgerStore;
import org.folkmoot.ledger.OwnFeed;
import org.folkmoot.ledger.entry.Entry;
import org.folkmoot.moot.Moot;
import org.folkmoot.moot.MootFeeds;
import org.folkmoot.moot.MootRecord;
import org.folkmoot.peer.Identity;
import org.folkmoot.wire.PeerId;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** What this home knows of moots, and where it writes what its member says in them. */
final class MootHome implements AutoCloseable {
  /** Which moot. */
  static final class Choice {
    @Option(
        names = "--moot",
        paramLabel = "MOOT",
        description = "Which: its name, or the beginning of its id (default: this home's).")
    private @Nullable String moot;

    @Nullable String named() {
      return moot;
    }
  }

  /** The fewest characters of an id that stand for all. */
  private static final int LEAST = 4;

  private static final int ID_DIGITS = 64;

  private final Surroundings surroundings;
  private final Identity identity;
  private final LedgerStore store;
  private MootRecord record;

  private MootHome(Surroundings surroundings, Identity identity, LedgerStore store) {
    this.surroundings = surroundings;
    this.identity = identity;
    this.store = store;
    record = MootFeeds.read(store);
  }

  /** Opens this home's ledger, and follows what the moot has decided since. */
  static MootHome open(Surroundings surroundings) {
    MootHome home = look(surroundings);
    try {
      home.follow().forEach(surroundings.console()::note);
      return home;
    } catch (RuntimeException failed) {
      home.close();
      throw failed;
    }
  }

  /** Opens it to look only. */
  static MootHome look(Surroundings surroundings) {
    LedgerHome ledger = new LedgerHome(surroundings);
    Identity identity = ledger.identity();
    LedgerStore store = ledger.open(identity);
    try {
      return new MootHome(surroundings, identity, store);
    } catch (RuntimeException failed) {
      store.close();
      throw failed;
    }
  }

  /** Makes the defaults of this home those that its moot has decided; what changed, in lines. */
  List<String> follow() {
    return remembered(surroundings)
        .flatMap(id -> known(record, id, seconds()))
        .map(moot -> MootDefaults.follow(surroundings, moot))
        .orElse(List.of());
  }

  /** A moot by a record of which its charter may not be a part yet. */
  static Optional<Moot> known(MootRecord record, Hash32 id, long seconds) {
    return Moot.charters(record).stream().noneMatch(one -> one.id().equals(id))
        ? Optional.empty()
        : Optional.of(Moot.of(record, id, seconds));
  }

  /** Where a home remembers its moot. */
  static Path file(Surroundings surroundings) {
    return surroundings.home().resolve("moot").resolve("current");
  }

  /** The moot that a home remembers; empty if it has none. */
  static Optional<Hash32> remembered(Surroundings surroundings) {
    try {
      Path file = file(surroundings);
      return Files.isRegularFile(file) && Files.size(file) <= ID_DIGITS + 1
          ? Optional.of(Hash32.ofHex(Files.readString(file).strip()))
          : Optional.empty();
    } catch (IOException | FolkmootException unreadable) {
      return Optional.empty();
    }
  }

  void remember(Hash32 moot) {
    try {
      PrivateFile.write(
          file(surroundings), (moot.hex() + "\n").getBytes(StandardCharsets.US_ASCII));
    } catch (IOException failed) {
      throw new FolkmootException(
          NO_ROOM,
          "cannot write %s: see that there is room and that the folder is yours"
              .formatted(file(surroundings)),
          failed);
    }
  }

  PeerId self() {
    return identity.peerId();
  }

  MootRecord record() {
    return record;
  }

  long seconds() {
    return seconds(surroundings);
  }

  static long seconds(Surroundings surroundings) {
    return Math.floorDiv(surroundings.clock().millis(), 1000L);
  }

  /** All moots of which the charter is here, as of now. */
  List<Moot> all() {
    return Moot.charters(record).stream().map(charter -> moot(charter.id())).toList();
  }

  Moot moot(Hash32 id) {
    return Moot.of(record, id, seconds());
  }

  /**
   * The moot that a person means.
   *
   * @param named by its name or the beginning of its id; null for this home's
   */
  Moot moot(@Nullable String named) {
    if (named != null) {
      return one(
          all().stream().filter(moot -> isCalled(moot, named)).toList(),
          "moot is called '%s': 'folkmoot moot ls' lists them".formatted(named));
    }
    Optional<Hash32> mine = remembered(surroundings);
    if (mine.isPresent()) {
      return moot(mine.get());
    }
    List<Moot> member = all().stream().filter(moot -> moot.has(self())).toList();
    if (member.isEmpty()) {
      throw new FolkmootException(
          NOT_FOUND,
          "this home belongs to no moot: 'folkmoot moot create NAME' founds one, 'folkmoot moot"
              + " join' follows an invitation");
    }
    return one(member, "moot is meant: say which with --moot");
  }

  static boolean isCalled(Moot moot, String named) {
    return moot.name().equalsIgnoreCase(named)
        || (named.length() >= LEAST && moot.id().hex().startsWith(lower(named)));
  }

  private static String lower(String text) {
    return text.toLowerCase(Locale.ROOT);
  }

  private static <T> T one(List<T> found, String what) {
    if (found.size() != 1) {
      throw new FolkmootException(NOT_FOUND, (found.isEmpty() ? "no " : "more than one ") + what);
    }
    return found.getFirst();
  }

  /** The moot, if this home's member belongs to it. */
  Moot asMember(@Nullable String named) {
    Moot moot = moot(named);
    if (!moot.has(self())) {
      throw new FolkmootException(
          BAD_REQUEST,
          "this home's member does not belong to '%s' (yet): 'folkmoot moot show' says how things stand"
              .formatted(PlainText.line(moot.name(), 40)));
    }
    return moot;
  }

  /** The proposal whose id begins like this, also one that does not count as proposed yet. */
  Hash32 proposal(Moot moot, String id) {
    List<Hash32> found =
        moot.fates().stream()
            .map(Moot.Fate::written)
            .filter(written -> written.entry() instanceof Entry.Proposal)
            .map(MootRecord.Written::id)
            .distinct()
            .filter(hash -> id.length() >= LEAST && hash.hex().startsWith(lower(id)))
            .toList();
    return one(
        found, "proposal begins with '%s': 'folkmoot proposals --all' lists them".formatted(id));
  }

  /** Whom a person means: a member's name, the beginning of an id, or a whole one. */
  PeerId person(Moot moot, String text) {
    try {
      return PeerId.parse(text);
    } catch (FolkmootException noWholeId) {
      List<PeerId> found = new ArrayList<>(known(moot, text));
      if (found.isEmpty() && Swarms.folder(surroundings).joined().isPresent()) {
        SwarmReport.look(surroundings).peers().stream()
            .map(peer -> peer.announcement().peer())
            .filter(peer -> text.length() >= LEAST && peer.text().startsWith(lower(text)))
            .forEach(found::add);
      }
      return one(
          found,
          "peer is called '%s': give the id that 'folkmoot peers' or 'folkmoot moot members' shows"
              .formatted(text));
    }
  }

  private List<PeerId> known(Moot moot, String text) {
    List<PeerId> named =
        moot.members().values().stream()
            .filter(member -> member.name().equalsIgnoreCase(text))
            .map(Moot.Member::peer)
            .toList();
    if (!named.isEmpty() || text.length() < LEAST) {
      return named;
    }
    List<PeerId> all = new ArrayList<>(moot.members().keySet());
    moot.invited().stream().filter(peer -> !all.contains(peer)).forEach(all::add);
    store.feeds().stream().map(Feed::peer).filter(peer -> !all.contains(peer)).forEach(all::add);
    return all.stream().filter(peer -> peer.text().startsWith(lower(text))).toList();
  }

  /** Writes into our own feed, and reads again. */
  Ledger.Receipt write(Entry entry) {
    Ledger.Receipt receipt = new OwnFeed(store, identity).append(entry);
    record = MootFeeds.read(store);
    return receipt;
  }

  /** Says what becomes of something that was just written. */
  void sayFate(Moot moot, Ledger.Receipt receipt) {
    Moot now = moot(moot.id());
    Console console = surroundings.console();
    now.fates().stream()
        .filter(fate -> fate.written().by().equals(self()))
        .filter(fate -> fate.written().position() == receipt.position())
        .forEach(fate -> {
          switch (fate.outcome()) {
            case COUNTED, EARLY -> {
              // As it should.
            }
            case UNWITNESSED ->
                console.note(
                    "it counts once other members have cosigned it: %d, or all if they are fewer"
                        .formatted(now.rules().witnesses()));
            default -> console.note("it does not count: " + fate.outcome().text());
          }
        });
    boolean alone = now.members().size() + now.invited().size() <= 1;
    if (!alone && Swarms.ownNode(surroundings).isEmpty()) {
      console.note(
          "no node of this home is running: others hear of it once one does ('folkmoot serve')");
    }
  }

  @Override
  public void close() {
    store.close();
  }
}
