package org.folkmoot.cli;

import static org.folkmoot.base.FolkmootException.Code.BAD_FILE;
import static org.folkmoot.base.FolkmootException.Code.BAD_REQUEST;
import static org.folkmoot.base.FolkmootException.Code.NOT_FOUND;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.base.Hash32;
import org.folkmoot.base.MerkleTree;
import org.folkmoot.ledger.Feed;
import org.folkmoot.ledger.FeedName;
import org.folkmoot.ledger.FeedPages;
import org.folkmoot.ledger.Fsck;
import org.folkmoot.ledger.InclusionProof;
import org.folkmoot.ledger.Ledger;
import org.folkmoot.ledger.LedgerStore;
import org.folkmoot.ledger.OwnFeed;
import org.folkmoot.ledger.entry.Entry;
import org.folkmoot.ledger.entry.EntryCodec;
import org.folkmoot.ledger.note.NoteKey;
import org.folkmoot.peer.Identity;
import org.folkmoot.proof.FraudProof;
import org.folkmoot.proof.Receipt;
import org.folkmoot.proof.ReceiptCodec;
import org.folkmoot.store.StoredModel;
import org.folkmoot.wire.PeerId;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** The ledger of a home: what is in it, proofs from it, its check. */
@Command(
    name = "ledger",
    description = "Show, prove, export and check what members wrote down for good.",
    synopsisSubcommandLabel = "COMMAND")
final class LedgerCommand {
  private static final int MAX_READ = 1000;

  private final Surroundings surroundings;

  LedgerCommand(Surroundings surroundings) {
    this.surroundings = surroundings;
  }

  /** The folder of a home's ledger. */
  static Path folder(Surroundings surroundings) {
    return surroundings.home().resolve("ledger");
  }

  private Identity identity() {
    return Identity.atHome(surroundings.home(), new SecureRandom());
  }

  private LedgerStore open(Identity identity) {
    return LedgerStore.open(folder(surroundings), identity);
  }

  private static PeerId peer(@Nullable String feed, LedgerStore store, Identity identity) {
    if (feed == null) {
      return identity.peerId();
    }
    List<PeerId> found =
        store.feeds().stream()
            .map(Feed::peer)
            .filter(peer -> peer.text().startsWith(feed))
            .toList();
    if (found.size() != 1) {
      throw new FolkmootException(
          NOT_FOUND,
          "%s feeds here begin with '%s': 'folkmoot ledger ls' lists them"
              .formatted(found.isEmpty() ? "no" : "several", feed));
    }
    return found.getFirst();
  }

  @Command(
      name = "ls",
      mixinStandardHelpOptions = true,
      description = "List the feeds that are here, our own and copies of others.")
  int ls(@Mixin JsonOption json) {
    Console console = surroundings.console();
    Identity identity = identity();
    try (LedgerStore store = open(identity)) {
      List<Feed> feeds = store.feeds();
      if (json.isWished()) {
        JsonOutput.print(
            console,
            Map.of("feeds", feeds.stream().map(feed -> json(feed, identity.peerId())).toList()));
        return ExitStatus.OK;
      }
      Table table = new Table("FEED", "ENTRIES", "WITNESSES", "STATE").right("ENTRIES");
      for (Feed feed : feeds) {
        table.row(
            feed.peer().toString(),
            Long.toString(feed.size()),
            Integer.toString(witnesses(feed)),
            state(feed, identity.peerId()));
      }
      table.print(console);
      if (feeds.isEmpty()) {
        console.note("No feeds yet: 'folkmoot ledger add' writes the first entry.");
      }
      return ExitStatus.OK;
    }
  }

  /** Cosignatures of members that hold. */
  private static int witnesses(Feed feed) {
    return (int)
        feed.head().note().lines().stream()
            .filter(line -> FeedName.cosigned(feed.head().note(), line).isPresent())
            .count();
  }

  private static String state(Feed feed, PeerId self) {
    if (feed.fork().isPresent()) {
      return "FORKED: its member signed two histories";
    }
    return feed.peer().equals(self)
        ? "our own"
        : feed.isWhole() ? "copy" : "copy, %,d of %,d".formatted(feed.size(), feed.head().size());
  }

  private static Map<String, Object> json(Feed feed, PeerId self) {
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("peer", feed.peer().text());
    fields.put("own", feed.peer().equals(self));
    fields.put("entries", feed.size());
    fields.put("signed", feed.head().size());
    fields.put("root", feed.head().root().hex());
    fields.put("key", FeedName.key(feed.peer()).text());
    fields.put("witnesses", witnesses(feed));
    fields.put("forked", feed.fork().isPresent());
    return fields;
  }

  @Command(
      name = "show",
      mixinStandardHelpOptions = true,
      description = "Show the entries of a feed, the latest last.")
  int show(
      @Parameters(
              arity = "0..1",
              paramLabel = "FEED",
              description = "Whose: the beginning of a peer id (default: our own).")
          @Nullable String feed,
      @Option(
              names = "--from",
              paramLabel = "N",
              description = "First position (default: so that the last ones are shown).")
          @Nullable Long from,
      @Option(
              names = "--count",
              paramLabel = "N",
              defaultValue = "20",
              description = "How many at most (default: ${DEFAULT-VALUE}).")
          int count,
      @Mixin JsonOption json) {
    if (count < 1 || count > MAX_READ || (from != null && from < 0)) {
      throw new FolkmootException(
          BAD_REQUEST, "--count is from 1 to %d, --from from 0".formatted(MAX_READ));
    }
    Console console = surroundings.console();
    Identity identity = identity();
    try (LedgerStore store = open(identity)) {
      PeerId peer = peer(feed, store, identity);
      long size = store.feed(peer).map(Feed::size).orElse(0L);
      long first = from == null ? Math.max(0, size - count) : from;
      List<EntryView> views = new ArrayList<>();
      for (byte[] entry : store.entries(peer, first, count)) {
        views.add(EntryView.of(peer, first + views.size(), entry));
      }
      if (json.isWished()) {
        Map<String, Object> root = new LinkedHashMap<>();
        root.put("peer", peer.text());
        root.put("size", size);
        root.put("entries", views.stream().map(EntryView::json).toList());
        JsonOutput.print(console, root);
        return ExitStatus.OK;
      }
      for (EntryView view : views) {
        Object date = view.fields().getOrDefault("dateMillis", 0L);
        console
            .out()
            .printf(
                "%d  %s  %s%n    %s%n",
                view.position(),
                Instant.ofEpochMilli(((Number) date).longValue()),
                console.outStyle().strong(view.kind()),
                view.line());
      }
      return ExitStatus.OK;
    }
  }

  @Command(
      name = "add",
      mixinStandardHelpOptions = true,
      description = {
        "Write an entry into our own feed, for good and for all to see.",
        "What: a model that is here, by its name; a proof against a peer; or receipts, of which only"
            + " a hash is told."
      })
  int add(
      @Option(names = "--model", paramLabel = "NAME", description = "A model on this machine.")
          @Nullable String model,
      @Option(
              names = "--fraud-proof",
              paramLabel = "FILE",
              description = "A proof that a peer computed wrongly.")
          @Nullable Path proof,
      @Option(
              names = "--receipts",
              paramLabel = "FILE",
              arity = "1..*",
              description = "Receipts: their Merkle root is written, not they.")
          @Nullable List<Path> receipts,
      @Mixin JsonOption json) {
    long now = surroundings.clock().millis();
    List<Entry> entries = new ArrayList<>();
    if (model != null) {
      entries.add(modelEntry(Models.find(surroundings, model), now));
    }
    if (proof != null) {
      entries.add(proofEntry(FraudProof.parse(read(proof, FraudProof.MAX_BYTES)), now));
    }
    if (receipts != null) {
      entries.add(receiptRoot(receipts, now));
    }
    if (entries.isEmpty()) {
      throw new FolkmootException(
          BAD_REQUEST, "say what to write: --model, --fraud-proof or --receipts");
    }
    Console console = surroundings.console();
    Identity identity = identity();
    try (LedgerStore store = open(identity)) {
      for (Ledger.Receipt receipt : new OwnFeed(store, identity).append(entries)) {
        if (json.isWished()) {
          JsonOutput.print(
              console, Map.of("position", receipt.position(), "id", receipt.id().hex()));
        } else {
          console.out().printf("entry %d: %s%n", receipt.position(), receipt.id().hex());
        }
      }
    }
    return ExitStatus.OK;
  }

  private static Entry modelEntry(StoredModel model, long now) {
    return new Entry.Model(
        now,
        Hash32.ofHex(model.sha256()),
        model.name(),
        model.size(),
        model.licence(),
        "",
        Optional.empty());
  }

  /** What the tribunal keeps, as an entry. */
  static Entry proofEntry(FraudProof proof, long now) {
    byte[] bytes = proof.toBytes();
    return new Entry.FraudProof(
        now,
        proof.statement().hop(),
        proof.statement().statement().model().sha256(),
        Hash32.sha256(bytes),
        bytes.length <= EntryCodec.MAX_PROOF
            ? Optional.of(new Entry.Blob(bytes))
            : Optional.empty());
  }

  private static Entry receiptRoot(List<Path> files, long now) {
    MerkleTree tree = new MerkleTree();
    long from = Long.MAX_VALUE;
    long to = Long.MIN_VALUE;
    for (Path file : files) {
      byte[] bytes = read(file, 1 << 20);
      Receipt receipt = ReceiptCodec.decode(bytes);
      from = Math.min(from, receipt.issuedMillis());
      to = Math.max(to, receipt.issuedMillis());
      tree.add(bytes);
    }
    return new Entry.ReceiptRoot(now, tree.root(), tree.size(), from, to);
  }

  private static byte[] read(Path path, int most) {
    if (!Files.isRegularFile(path)) {
      throw new FolkmootException(NOT_FOUND, "there is no file " + path);
    }
    try {
      if (Files.size(path) > most) {
        throw new FolkmootException(BAD_FILE, path + " is longer than any such file can be");
      }
      return Files.readAllBytes(path);
    } catch (IOException failed) {
      throw new FolkmootException(
          BAD_FILE, "%s cannot be read (%s)".formatted(path, failed.getMessage()), failed);
    }
  }

  @Command(
      name = "prove",
      mixinStandardHelpOptions = true,
      description = {
        "Write the proof of an entry, and the entry, into two files that need no ledger:",
        "'folkmoot ledger verify PROOF ENTRY' checks them anywhere."
      })
  int prove(
      @Parameters(index = "0", paramLabel = "POSITION", description = "Which entry.") long position,
      @Parameters(index = "1", paramLabel = "FILE", description = "Where to; the entry beside it.")
          Path file,
      @Option(names = "--feed", paramLabel = "FEED", description = "Whose (default: our own).")
          @Nullable String feed) {
    Identity identity = identity();
    try (LedgerStore store = open(identity)) {
      PeerId peer = peer(feed, store, identity);
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

  @Command(
      name = "verify",
      mixinStandardHelpOptions = true,
      description = {
        "Check the proof of an entry, without the ledger it is from;",
        "or, with --anchor, a feed against what a chain has of it."
      })
  int verify(
      @Parameters(
              index = "0",
              arity = "0..1",
              paramLabel = "PROOF",
              description = "A .tlog-proof file.")
          @Nullable Path proofFile,
      @Parameters(
              index = "1",
              arity = "0..1",
              paramLabel = "ENTRY",
              description = "The entry's bytes.")
          @Nullable Path entryFile,
      @Option(names = "--anchor", description = "Check against a chain; wants --rpc.")
          boolean anchored,
      @Option(
              names = "--feed",
              paramLabel = "FEED",
              description = "With --anchor: whose (default: our own).")
          @Nullable String feed,
      @Mixin AnchorOptions chain,
      @Option(
              names = "--log",
              paramLabel = "KEY",
              description =
                  "The log's verifier key (default: that of the feed that the proof names).")
          @Nullable String log,
      @Option(
              names = "--witness",
              paramLabel = "KEY",
              description = "A witness's verifier key, or a peer id; can be repeated.")
          @Nullable List<String> witnesses,
      @Option(
              names = "--quorum",
              paramLabel = "N",
              description = "How many witnesses are needed (default: all that are named).")
          @Nullable Integer quorum,
      @Mixin JsonOption json) {
    if (anchored) {
      return verifyAnchor(feed, chain, json.isWished());
    }
    if (proofFile == null || entryFile == null) {
      throw new FolkmootException(
          BAD_REQUEST, "name a proof and an entry's file, or --anchor to ask a chain");
    }
    InclusionProof proof = InclusionProof.parse(read(proofFile, InclusionProof.MAX_BYTES));
    byte[] entry = read(entryFile, EntryCodec.MAX_BYTES);
    List<NoteKey> keys =
        witnesses == null ? List.of() : witnesses.stream().map(LedgerCommand::witness).toList();
    int needed = quorum == null ? keys.size() : quorum;
    NoteKey logKey = log == null ? named(proof) : NoteKey.parse(log);
    Optional<Ledger.Finality> finality =
        proof.verify(entry, new InclusionProof.TrustRoot(logKey, keys, needed));
    boolean holds =
        finality.isPresent() && (needed == 0 || finality.get() == Ledger.Finality.WITNESSED);
    Console console = surroundings.console();
    if (json.isWished()) {
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

  private int verifyAnchor(@Nullable String feed, AnchorOptions chain, boolean json) {
    Identity identity = identity();
    try (LedgerStore store = open(identity)) {
      PeerId peer = peer(feed, store, identity);
      return new LedgerAnchor(surroundings)
          .verify(store, peer, peer.equals(identity.peerId()), chain, json);
    }
  }

  @Command(
      name = "anchor",
      mixinStandardHelpOptions = true,
      description = {
        "Record our feed's newest checkpoint on an EVM chain, which then refuses a rewritten history.",
        "The first time the contract is deployed, unless --contract names one."
      })
  int anchor(@Mixin AnchorOptions options, @Mixin JsonOption json) {
    Identity identity = identity();
    try (LedgerStore store = open(identity)) {
      return new LedgerAnchor(surroundings)
          .anchor(store, identity.peerId(), options, json.isWished());
    }
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

  @Command(
      name = "export",
      mixinStandardHelpOptions = true,
      description = {
        "Write a feed as static files, which clients of transparency logs read (C2SP tlog-tiles).",
        "Any web server can serve the folder."
      })
  int export(
      @Parameters(paramLabel = "FOLDER", description = "Where to.") Path folder,
      @Option(names = "--feed", paramLabel = "FEED", description = "Whose (default: our own).")
          @Nullable String feed,
      @Mixin JsonOption json) {
    Identity identity = identity();
    try (LedgerStore store = open(identity)) {
      PeerId peer = peer(feed, store, identity);
      long pages = FeedPages.export(store, peer, folder);
      String key = FeedName.key(peer).text();
      Console console = surroundings.console();
      if (json.isWished()) {
        Map<String, Object> root = new LinkedHashMap<>();
        root.put("pages", pages);
        root.put("origin", FeedName.origin(peer));
        root.put("key", key);
        JsonOutput.print(console, root);
      } else {
        console.out().printf("%d files; the log's key is%n%s%n", pages, key);
      }
      return ExitStatus.OK;
    }
  }

  @Command(
      name = "fsck",
      mixinStandardHelpOptions = true,
      description = {
        "Check every hash and signature of a ledger, trusting nothing in it.",
        "Changes nothing. Status 1 if anything is wrong."
      })
  int fsck(
      @Parameters(
              arity = "0..1",
              paramLabel = "FOLDER",
              description = "Of a copy (default: this home's ledger).")
          @Nullable Path folder,
      @Mixin JsonOption json) {
    Path at = folder == null ? folder(surroundings) : folder;
    Fsck.Report report = Fsck.check(at, identity().peerId());
    Console console = surroundings.console();
    if (json.isWished()) {
      Map<String, Object> root = new LinkedHashMap<>();
      root.put("whole", report.isWhole());
      root.put("feeds", report.feeds());
      root.put("entries", report.entries());
      root.put("sealed", report.sealed());
      root.put("faults", report.faults());
      JsonOutput.print(console, root);
    } else {
      report.faults().forEach(fault -> console.out().println(fault));
      console
          .out()
          .printf(
              "%s: %d feeds, %,d entries; %s%n",
              console.outStyle().strong(report.isWhole() ? "whole" : "DAMAGED"),
              report.feeds(),
              report.entries(),
              report.sealed()
                  ? "sealed, every bit checked"
                  : "not sealed (in use, or not ended cleanly): every entry, hash and signature was"
                      + " checked, the file's unused bytes were not");
    }
    return report.isWhole() ? ExitStatus.OK : ExitStatus.FAILED;
  }
}
