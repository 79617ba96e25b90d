package org.folkmoot.cli;

import static org.folkmoot.base.FolkmootException.Code.BAD_REQUEST;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.ledger.FeedName;
import org.folkmoot.ledger.FeedPages;
import org.folkmoot.ledger.Fsck;
import org.folkmoot.ledger.LedgerStore;
import org.folkmoot.peer.Identity;
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
  private final Surroundings surroundings;
  private final LedgerHome home;

  LedgerCommand(Surroundings surroundings) {
    this.surroundings = surroundings;
    home = new LedgerHome(surroundings);
  }

  @Command(
      name = "ls",
      mixinStandardHelpOptions = true,
      description = "List the feeds that are here, our own and copies of others.")
  int ls(@Mixin JsonOption json) {
    return new LedgerShow(surroundings).list(json.isWished());
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
    return new LedgerShow(surroundings).show(feed, from, count, json.isWished());
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
    return new LedgerWriting(surroundings).add(model, proof, receipts, json.isWished());
  }

  @Command(
      name = "prove",
      mixinStandardHelpOptions = true,
      description = {
        "Write the proof of an entry, and the entry, into two files that need no ledger:",
        "'folkmoot ledger verify PROOF ENTRY' checks them anywhere.",
        "Of a receipt that this home's node has audited, or that was added, a third file shows that it"
            + " is under the root in the entry."
      })
  int prove(
      @Parameters(
              index = "0",
              paramLabel = "POSITION|RECEIPT",
              description = "Which entry, or a receipt's file.")
          String what,
      @Parameters(index = "1", paramLabel = "FILE", description = "Where to; the entry beside it.")
          Path file,
      @Option(names = "--feed", paramLabel = "FEED", description = "Whose (default: our own).")
          @Nullable String feed) {
    return new LedgerProofs(surroundings).prove(what, file, feed);
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
      @Option(
              names = "--receipt",
              paramLabel = "FILE",
              description = "A receipt that must be under the root in the entry.")
          @Nullable Path receipt,
      @Mixin JsonOption json) {
    if (anchored) {
      return verifyAnchor(feed, chain, json.isWished());
    }
    if (proofFile == null || entryFile == null) {
      throw new FolkmootException(
          BAD_REQUEST, "name a proof and an entry's file, or --anchor to ask a chain");
    }
    return new LedgerProofs(surroundings)
        .verify(proofFile, entryFile, receipt, log, witnesses, quorum, json.isWished());
  }

  private int verifyAnchor(@Nullable String feed, AnchorOptions chain, boolean json) {
    Identity identity = home.identity();
    try (LedgerStore store = home.open(identity)) {
      PeerId peer = LedgerHome.peer(feed, store, identity);
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
    Identity identity = home.identity();
    try (LedgerStore store = home.open(identity)) {
      return new LedgerAnchor(surroundings)
          .anchor(store, identity.peerId(), options, json.isWished());
    }
  }

  @Command(
      name = "cosign",
      mixinStandardHelpOptions = true,
      description = {
        "Ask the public witnesses that ledger/witnesses gives addresses of to cosign our feed now.",
        "A line of that file is a verifier key and, behind a blank, what its add-checkpoint is under."
      })
  int cosign(@Mixin JsonOption json) {
    return new LedgerWitnesses(surroundings).cosign(json.isWished());
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
    Identity identity = home.identity();
    try (LedgerStore store = home.open(identity)) {
      PeerId peer = LedgerHome.peer(feed, store, identity);
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
    Path at = folder == null ? home.folder() : folder;
    Fsck.Report report = Fsck.check(at, home.identity().peerId());
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
