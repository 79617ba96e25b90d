package org.folkmoot.cli;

import static org.folkmoot.base.FolkmootException.Code.BAD_REQUEST;
import static org.folkmoot.base.FolkmootException.Code.NOT_FOUND;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.ledger.Feed;
import org.folkmoot.ledger.FeedName;
import org.folkmoot.ledger.InclusionProof;
import org.folkmoot.ledger.Ledger;
import org.folkmoot.ledger.LedgerStore;
import org.folkmoot.ledger.OwnFeed;
import org.folkmoot.ledger.entry.Entry;
import org.folkmoot.ledger.entry.EntryCodec;
import org.folkmoot.ledger.note.NoteKey;
import org.folkmoot.peer.Identity;
import org.folkmoot.wire.PeerId;
import org.jspecify.annotations.Nullable;

/** {@code ledger prove} and {@code ledger verify}: proofs that need no ledger. */
final class LedgerProofs {
  /** In the ledger's folder: hashes of receipts, by the root over them. */
  static final String RECEIPTS = "receipts";

  private static final int MAX_RECEIPT = 1 << 20;
  private static final int BATCH = 1000;

  private final Surroundings surroundings;
  private final LedgerHome home;

  LedgerProofs(Surroundings surroundings) {
    this.surroundings = surroundings;
    home = new LedgerHome(surroundings);
  }

  /**
   * Proves an entry, or that a receipt is under the root in one of ours.
   *
   * @param what a position, or the receipt's file
   */
  int prove(String what, Path file, @Nullable String feed) {
    return what.matches("[0-9]{1,18}")
        ? prove(Long.parseLong(what), file, feed)
        : proveReceipt(Path.of(what), file);
  }

  private int proveReceipt(Path receiptFile, Path file) {
    byte[] receipt = LedgerHome.read(receiptFile, MAX_RECEIPT);
    ReceiptPath path =
        ReceiptPath.find(home.folder().resolve(RECEIPTS), receipt)
            .orElseThrow(() ->
                new FolkmootException(
                    NOT_FOUND, "this receipt is under no root that this home has written"));
    long position;
    Identity identity = home.identity();
    try (LedgerStore store = home.open(identity)) {
      position = position(store, identity.peerId(), path);
    }
    int status = prove(position, file, null);
    Path beside = file.resolveSibling(file.getFileName() + ".receipt");
    try {
      Files.writeString(beside, path.text());
    } catch (IOException failed) {
      throw unwritable(beside, failed);
    }
    surroundings
        .console()
        .out()
        .printf(
            "%s: the receipt's way to the root in that entry; add --receipt %s%n",
            beside.getFileName(), receiptFile);
    return status;
  }

  /** Where our feed has a root. */
  private static long position(LedgerStore store, PeerId self, ReceiptPath path) {
    long at = store.feed(self).map(Feed::size).orElse(0L);
    while (at > 0) {
      long from = Math.max(0, at - BATCH);
      List<byte[]> entries = store.entries(self, from, (int) (at - from));
      for (int i = entries.size() - 1; i >= 0; i--) {
        if (entry(entries.get(i)) instanceof Entry.ReceiptRoot root
            && root.root().equals(path.root())) {
          return from + i;
        }
      }
      at = from;
    }
    throw new FolkmootException(
        NOT_FOUND, "the entry with the root over this receipt is not in this home's ledger");
  }

  private static @Nullable Entry entry(byte[] bytes) {
    try {
      return EntryCodec.decode(bytes);
    } catch (FolkmootException noEntry) {
      return null; // for 'ledger fsck' to tell of
    }
  }

  private static FolkmootException unwritable(Path file, IOException failed) {
    return new FolkmootException(
        FolkmootException.Code.NO_ROOM,
        "cannot write %s (%s)".formatted(file, failed.getMessage()),
        failed);
  }

  private int prove(long position, Path file, @Nullable String feed) {
    Identity identity = home.identity();
    try (LedgerStore store = home.open(identity)) {
      PeerId peer = LedgerHome.peer(feed, store, identity);
      Feed found =
          store
              .feed(peer)
              .filter(one -> one.isWhole() && position >= 0 && position < one.size())
              .orElseThrow(() ->
                  new FolkmootException(
                      NOT_FOUND, "there is no entry %d here".formatted(position)));
      InclusionProof proof = OwnFeed.prove(store, peer, position, found.head());
      Path entry = file.resolveSibling(file.getFileName() + ".entry");
      Files.writeString(file, proof.text());
      Files.write(entry, store.entries(peer, position, 1).getFirst());
      surroundings
          .console()
          .out()
          .printf(
              "%s and %s: folkmoot ledger verify %s %s%n",
              file.getFileName(), entry.getFileName(), file, entry);
      return ExitStatus.OK;
    } catch (IOException failed) {
      throw unwritable(file, failed);
    }
  }

  /**
   * Checks a proof.
   *
   * @param receipt a receipt that must be under the root in the entry; null if none is asked about
   */
  int verify(
      Path proofFile,
      Path entryFile,
      @Nullable Path receipt,
      @Nullable String log,
      @Nullable List<String> witnesses,
      @Nullable Integer quorum,
      boolean wishesJson) {
    InclusionProof proof =
        InclusionProof.parse(LedgerHome.read(proofFile, InclusionProof.MAX_BYTES));
    byte[] entry = LedgerHome.read(entryFile, EntryCodec.MAX_BYTES);
    List<NoteKey> keys =
        witnesses == null ? List.of() : witnesses.stream().map(LedgerProofs::witness).toList();
    int needed = quorum == null ? keys.size() : quorum;
    NoteKey logKey = log == null ? named(proof) : NoteKey.parse(log);
    Optional<Ledger.Finality> finality =
        proof.verify(entry, new InclusionProof.TrustRoot(logKey, keys, needed));
    boolean holds =
        finality.isPresent()
            && (needed == 0 || finality.get() == Ledger.Finality.WITNESSED)
            && (receipt == null || isUnder(receipt, entry, proofFile));
    Console console = surroundings.console();
    if (wishesJson) {
      Map<String, Object> root = new LinkedHashMap<>();
      root.put("holds", holds);
      root.put("log", logKey.name());
      root.put("position", proof.index());
      finality.ifPresent(level -> root.put("finality", level.name()));
      JsonOutput.print(console, root);
    } else {
      console
          .out()
          .printf(
              "%s: entry %d of %s%s%n",
              console.outStyle().strong(holds ? "it holds" : "it does NOT hold"),
              proof.index(),
              logKey.name(),
              finality.map(level -> ", " + level).orElse(""));
    }
    return holds ? ExitStatus.OK : ExitStatus.FAILED;
  }

  /** Whether a receipt is under an entry's root, by the file beside the proof. */
  private static boolean isUnder(Path receiptFile, byte[] bytes, Path proofFile) {
    byte[] receipt = LedgerHome.read(receiptFile, MAX_RECEIPT);
    if (!(entry(bytes) instanceof Entry.ReceiptRoot root)) {
      throw new FolkmootException(BAD_REQUEST, "this entry is no root over receipts");
    }
    Path beside = proofFile.resolveSibling(proofFile.getFileName() + ".receipt");
    return ReceiptPath.parse(LedgerHome.read(beside, ReceiptPath.MAX_BYTES), root)
        .holds(receipt, root);
  }

  private static NoteKey named(InclusionProof proof) {
    String text = proof.checkpoint().text();
    return FeedName.peer(text.substring(0, text.indexOf('\n')))
        .map(FeedName::key)
        .orElseThrow(() ->
            new FolkmootException(
                BAD_REQUEST, "this proof is of another kind of log: give its key with --log"));
  }

  private static NoteKey witness(String text) {
    return text.contains("+") ? NoteKey.parse(text) : FeedName.witnessKey(PeerId.parse(text));
  }
}
