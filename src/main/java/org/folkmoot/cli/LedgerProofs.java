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
import org.folkmoot.ledger.entry.EntryCodec;
import org.folkmoot.ledger.note.NoteKey;
import org.folkmoot.peer.Identity;
import org.folkmoot.wire.PeerId;
import org.jspecify.annotations.Nullable;

/** {@code ledger prove} and {@code ledger verify}: proofs that need no ledger. */
final class LedgerProofs {
  private final Surroundings surroundings;
  private final LedgerHome home;

  LedgerProofs(Surroundings surroundings) {
    this.surroundings = surroundings;
    home = new LedgerHome(surroundings);
  }

  int prove(long position, Path file, @Nullable String feed) {
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
      throw new FolkmootException(
          FolkmootException.Code.NO_ROOM,
          "cannot write %s (%s)".formatted(file, failed.getMessage()),
          failed);
    }
  }

  int verify(
      Path proofFile,
      Path entryFile,
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
        finality.isPresent() && (needed == 0 || finality.get() == Ledger.Finality.WITNESSED);
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
