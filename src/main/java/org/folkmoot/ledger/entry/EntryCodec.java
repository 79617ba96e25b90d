package org.folkmoot.ledger.entry;

import static org.folkmoot.base.CborMap.require;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.folkmoot.base.CborMap;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.base.Hash32;
import org.folkmoot.wire.PeerId;

/**
 * The bytes of entries: a canonical CBOR map with the kind under 0, the date under 1, and the
 * kind's fields from 2 on ({@code docs/ledger.md} lists them). An entry has one encoding.
 */
public final class EntryCodec {
  /** Bytes of the longest entry: what a bundle's two bytes of length count. */
  public static final int MAX_BYTES = 0xffff;

  /** Bytes of a fraud proof that is told whole; larger ones are told by their hash. */
  public static final int MAX_PROOF = 48 << 10;

  /** Bytes of a work that both signed: a statement, with as many adapters as it can name. */
  static final int MAX_CLAIM = 1 << 10;

  /** UTF-16 units of a name, a licence, a suite. */
  public static final int MAX_NAME = 200;

  /** UTF-16 units of a source, a title, a reason. */
  public static final int MAX_LINE = 1000;

  /** UTF-16 units of a proposal's text or of a system prompt: some ten pages. */
  public static final int MAX_TEXT = 16_000;

  /** Founders, participants, datasets, scores. */
  public static final int MAX_LIST = 256;

  /** Kinds have small numbers; a larger one is no kind of a later version, but damage. */
  private static final int MAX_KIND = 1 << 16;

  /** The newest kind that this version knows. */
  private static final int LAST_KIND = 15;

  private static final int CREDIT = 14;

  private static final int KIND = 0;
  private static final int DATE = 1;

  private EntryCodec() {}

  /**
   * The bytes of an entry.
   *
   * @throws FolkmootException BAD_REQUEST if it is out of bounds: what is written can be read
   */
  public static byte[] encode(Entry entry) {
    if (entry instanceof Entry.Unknown unknown) {
      return unknown.bytes().bytes();
    }
    byte[] bytes = write(entry).encode();
    boolean same;
    try {
      same = bytes.length <= MAX_BYTES && decode(bytes).equals(entry);
    } catch (FolkmootException outOfBounds) {
      same = false;
    }
    if (!same) {
      throw new FolkmootException(
          FolkmootException.Code.BAD_REQUEST,
          "an entry of the ledger has too long a text or list, or a number out of bounds: shorten it");
    }
    return bytes;
  }

  private static CborMap start(int kind, Entry entry) {
    return CborMap.empty().put(KIND, kind).put(DATE, entry.dateMillis());
  }

  private static CborMap write(Entry entry) {
    return switch (entry) {
      case Entry.Charter e ->
          start(1, entry).put(2, RulesCodec.write(e.rules())).putHashes(3, keys(e.founders()));
      case Entry.Member e ->
          start(2, entry)
              .put(2, e.moot())
              .put(3, e.member().key())
              .put(4, RulesCodec.STEPS.indexOf(e.step()))
              .put(5, e.name());
      case Entry.Proposal e ->
          start(3, entry)
              .put(2, e.moot())
              .put(3, e.title())
              .put(4, e.text())
              .put(5, RulesCodec.write(e.motion()));
      case Entry.Vote e ->
          start(4, entry)
              .put(2, e.moot())
              .put(3, e.proposal())
              .put(4, RulesCodec.CHOICES.indexOf(e.choice()))
              .put(5, e.reason());
      case Entry.Delegation e -> start(5, entry).put(2, e.moot()).put(3, e.to().map(PeerId::key));
      case Entry.Enactment e -> start(6, entry).put(2, e.moot()).put(3, e.proposal());
      case Entry.Model e ->
          start(7, entry)
              .put(2, e.sha256())
              .put(3, e.name())
              .put(4, e.bytes())
              .put(5, e.licence())
              .put(6, e.source())
              .put(7, e.base());
      case Entry.Adapter e ->
          start(8, entry)
              .put(2, e.sha256())
              .put(3, e.name())
              .put(4, e.bytes())
              .put(5, e.licence())
              .put(6, e.base())
              .putHashes(7, e.datasets())
              .put(8, e.recipe());
      case Entry.Dataset e ->
          start(9, entry)
              .put(2, e.manifest())
              .put(3, e.name())
              .put(4, e.records())
              .put(5, e.licence())
              .put(6, e.source());
      case Entry.Evaluation e ->
          start(10, entry)
              .put(2, e.subject())
              .put(3, e.suite())
              .put(4, e.suiteHash())
              .put(5, e.report())
              .putList(
                  6,
                  e.scores(),
                  score -> CborMap.empty().put(0, score.name()).put(1, score.millionths()));
      case Entry.ReceiptRoot e ->
          start(11, entry)
              .put(2, e.root())
              .put(3, e.count())
              .put(4, e.fromMillis())
              .put(5, e.toMillis());
      case Entry.FraudProof e -> {
        CborMap map =
            start(12, entry).put(2, e.accused().key()).put(3, e.model()).put(4, e.sha256());
        yield e.proof().map(proof -> map.put(5, proof.bytes())).orElse(map);
      }
      case Entry.TrainingRound e ->
          start(13, entry)
              .put(2, e.run())
              .put(3, e.round())
              .put(4, e.before())
              .put(5, e.result())
              .putHashes(6, keys(e.participants()));
      case Entry.Credit e -> {
        CborMap map =
            start(14, entry)
                .put(2, e.receipt())
                .put(3, e.server().key())
                .put(4, e.asker().key())
                .put(5, e.megaflops());
        yield e.claim().map(claim -> map.put(6, claim.bytes())).orElse(map);
      }
      case Entry.Veto e ->
          start(15, entry).put(2, e.moot()).put(3, e.proposal()).put(4, e.reason());
      case Entry.Unknown e -> throw new IllegalArgumentException("it has its bytes: " + e.kind());
    };
  }

  /**
   * The entry of some bytes. Of a kind that is not known here, or known with other fields, it is
   * {@link Entry.Unknown}.
   *
   * @throws FolkmootException BAD_FILE if they are no entry of any kind, or not in the one encoding
   */
  public static Entry decode(byte[] bytes) {
    CborMap map = CborMap.decode(bytes, MAX_BYTES);
    require(Arrays.equals(map.encode(), bytes), "an entry is not in its one encoding");
    int kind = map.number(KIND, 1, MAX_KIND);
    long date = map.number(DATE);
    Entry unknown = new Entry.Unknown(kind, date, new Entry.Blob(bytes));
    try {
      Optional<Entry> known = read(kind, date, map);
      // A field more than this version knows would be lost: then the bytes say more than it does.
      return known.filter(entry -> Arrays.equals(write(entry).encode(), bytes)).orElse(unknown);
    } catch (FolkmootException laterVersionOrNonsense) {
      return unknown;
    }
  }

  /** Whether bytes begin as those of an {@link Entry.Credit}; all others need not be decoded. */
  public static boolean isCredit(byte[] bytes) {
    return bytes.length > 2 && bytes[1] == KIND && bytes[2] == CREDIT;
  }

  private static Optional<Entry> read(int kind, long date, CborMap map) {
    if (kind > LAST_KIND) {
      return Optional.empty();
    }
    Entry entry =
        switch (kind) {
          case 1 -> new Entry.Charter(date, RulesCodec.rules(map.map(2)), peers(map, 3));
          case 2 ->
              new Entry.Member(
                  date,
                  map.hash(2),
                  peer(map, 3),
                  one(RulesCodec.STEPS, map, 4),
                  map.text(5, MAX_NAME));
          case 3 ->
              new Entry.Proposal(
                  date,
                  map.hash(2),
                  map.text(3, MAX_LINE),
                  map.text(4, MAX_TEXT),
                  RulesCodec.motion(map.map(5)));
          case 4 ->
              new Entry.Vote(
                  date,
                  map.hash(2),
                  map.hash(3),
                  one(RulesCodec.CHOICES, map, 4),
                  map.text(5, MAX_LINE));
          case 5 -> new Entry.Delegation(date, map.hash(2), map.optionalHash(3).map(PeerId::new));
          case 6 -> new Entry.Enactment(date, map.hash(2), map.hash(3));
          case 7 ->
              new Entry.Model(
                  date,
                  map.hash(2),
                  map.text(3, MAX_NAME),
                  count(map, 4),
                  map.text(5, MAX_NAME),
                  map.text(6, MAX_LINE),
                  map.optionalHash(7));
          case 8 ->
              new Entry.Adapter(
                  date,
                  map.hash(2),
                  map.text(3, MAX_NAME),
                  count(map, 4),
                  map.text(5, MAX_NAME),
                  map.hash(6),
                  map.hashes(7, MAX_LIST),
                  map.optionalHash(8));
          case 9 ->
              new Entry.Dataset(
                  date,
                  map.hash(2),
                  map.text(3, MAX_NAME),
                  count(map, 4),
                  map.text(5, MAX_NAME),
                  map.text(6, MAX_LINE));
          case 10 ->
              new Entry.Evaluation(
                  date,
                  map.hash(2),
                  map.text(3, MAX_NAME),
                  map.hash(4),
                  map.hash(5),
                  map.list(
                      6,
                      MAX_LIST,
                      score -> new Entry.Score(score.text(0, MAX_NAME), score.number(1))));
          case 11 ->
              new Entry.ReceiptRoot(date, map.hash(2), count(map, 3), map.number(4), map.number(5));
          case 12 ->
              new Entry.FraudProof(
                  date,
                  peer(map, 2),
                  map.hash(3),
                  map.hash(4),
                  map.has(5)
                      ? Optional.of(new Entry.Blob(map.bytes(5, 1, MAX_PROOF)))
                      : Optional.empty());
          case 13 ->
              new Entry.TrainingRound(
                  date,
                  map.hash(2),
                  map.number(3, 0, Integer.MAX_VALUE),
                  map.hash(4),
                  map.hash(5),
                  peers(map, 6));
          case 14 ->
              new Entry.Credit(
                  date,
                  map.hash(2),
                  peer(map, 3),
                  peer(map, 4),
                  count(map, 5),
                  map.has(6)
                      ? Optional.of(new Entry.Blob(map.bytes(6, 1, MAX_CLAIM)))
                      : Optional.empty());
          case 15 -> new Entry.Veto(date, map.hash(2), map.hash(3), map.text(4, MAX_LINE));
          default -> throw new IllegalStateException("a kind without fields: " + kind);
        };
    return Optional.of(entry);
  }

  private static long count(CborMap map, int key) {
    long value = map.number(key);
    require(value >= 0, "a count is negative");
    return value;
  }

  static <T> T one(List<T> values, CborMap map, int key) {
    return values.get(map.number(key, 0, values.size() - 1));
  }

  static PeerId peer(CborMap map, int key) {
    return new PeerId(map.hash(key));
  }

  private static List<PeerId> peers(CborMap map, int key) {
    return map.hashes(key, MAX_LIST).stream().map(PeerId::new).toList();
  }

  private static List<Hash32> keys(List<PeerId> peers) {
    return peers.stream().map(PeerId::key).toList();
  }
}
