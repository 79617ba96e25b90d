package org.folkmoot.cli;

import static org.folkmoot.base.FolkmootException.Code.BAD_FILE;
import static org.folkmoot.base.FolkmootException.Code.BAD_REQUEST;
import static org.folkmoot.base.FolkmootException.Code.NOT_FOUND;
import static org.folkmoot.base.FolkmootException.Code.WRONG_HASH;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.OptionalLong;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.base.PrivateFile;
import org.folkmoot.ledger.Feed;
import org.folkmoot.ledger.FeedName;
import org.folkmoot.ledger.LedgerStore;
import org.folkmoot.ledger.anchor.Anchor;
import org.folkmoot.ledger.anchor.EvmAccount;
import org.folkmoot.ledger.anchor.EvmAnchor;
import org.folkmoot.ledger.anchor.EvmChain;
import org.folkmoot.ledger.anchor.EvmKey;
import org.folkmoot.ledger.anchor.EvmRpc;
import org.folkmoot.ledger.tile.TreeProofs;
import org.folkmoot.wire.PeerId;
import org.jspecify.annotations.Nullable;

/** Anchors a feed to a chain, and checks it against the chain. */
final class LedgerAnchor {
  private static final int MAX_STATE = 4096;

  private final Surroundings surroundings;
  private final Path file;

  LedgerAnchor(Surroundings surroundings) {
    this.surroundings = surroundings;
    this.file = new LedgerHome(surroundings).folder().resolve("anchor.json");
  }

  /**
   * What the home remembers of its last anchor.
   *
   * @param chain the chain's number
   * @param contract where
   * @param recorder by which account
   * @param size entries of the feed that were anchored
   */
  private record Last(long chain, String contract, String recorder, long size) {}

  private @Nullable Last last() {
    if (!Files.exists(file)) {
      return null;
    }
    try {
      if (Files.size(file) <= MAX_STATE) {
        JsonNode read = new ObjectMapper().readTree(Files.readAllBytes(file));
        return new Last(
            read.path("chain").asLong(),
            EvmChain.requireAddress(read.path("contract").asText()),
            EvmChain.requireAddress(read.path("recorder").asText()),
            read.path("size").asLong());
      }
    } catch (IOException | FolkmootException malformed) {
      throw bad(malformed);
    }
    throw bad(null);
  }

  private FolkmootException bad(@Nullable Throwable cause) {
    return new FolkmootException(
        BAD_FILE,
        "%s is damaged: remove it, and name chain and contract again".formatted(file),
        cause);
  }

  private void remember(Last now) {
    try {
      byte[] json =
          new ObjectMapper()
              .writeValueAsBytes(
                  Map.of(
                      "chain", now.chain,
                      "contract", now.contract,
                      "recorder", now.recorder,
                      "size", now.size));
      PrivateFile.write(file, json);
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
  }

  /** Records the newest checkpoint of our own feed. */
  int anchor(LedgerStore store, PeerId self, AnchorOptions options, boolean json) {
    Feed feed = store.feed(self).filter(own -> own.size() > 0).orElseThrow(LedgerAnchor::empty);
    Last before = last();
    try (EvmRpc rpc = options.node()) {
      EvmChain chain = chain(rpc, options, before);
      EvmKey key = EvmKey.readOrDraw(options.key(surroundings.home()), new SecureRandom());
      EvmAccount account = new EvmAccount(chain, key, options.settings(), LedgerAnchor::sleep);
      String contract = options.contract(before == null ? null : before.contract);
      boolean fresh = contract == null;
      String at = contract == null ? EvmAnchor.deploy(account) : contract;
      if (fresh) {
        // Kept at once: what follows may fail, and the deployment is paid for.
        remember(new Last(chain.chainId(), at, account.address(), 0));
      }
      EvmAnchor anchor = new EvmAnchor(account, at, options.depth());
      Anchor.Mark mark =
          anchor.record(
              new Anchor.Head(FeedName.origin(self), feed.size(), root(store, self, feed.size())),
              (from, to) -> TreeProofs.consistency(from, to, store.hashes(self, to)));
      remember(new Last(chain.chainId(), at, account.address(), mark.size()));
      report(json, "anchored", chain, anchor, mark);
      if (!json) {
        surroundings
            .console()
            .note(
                "final with %d blocks on top: then 'folkmoot ledger verify --anchor --rpc URL' says so"
                    .formatted(options.depth()));
      }
      return ExitStatus.OK;
    }
  }

  private static FolkmootException empty() {
    return new FolkmootException(
        NOT_FOUND, "the feed has no entries yet: 'folkmoot ledger add' writes the first");
  }

  private static EvmChain chain(EvmRpc rpc, AnchorOptions options, @Nullable Last before) {
    return new EvmChain(
        rpc, options.chain(before == null ? OptionalLong.empty() : OptionalLong.of(before.chain)));
  }

  private static org.folkmoot.base.Hash32 root(LedgerStore store, PeerId peer, long size) {
    return TreeProofs.root(size, store.hashes(peer, size));
  }

  /** Compares a feed with what the chain has of it. */
  int verify(LedgerStore store, PeerId peer, boolean own, AnchorOptions options, boolean json) {
    Feed feed = store.feed(peer).filter(one -> one.size() > 0).orElseThrow(LedgerAnchor::empty);
    Last before = own ? last() : null;
    try (EvmRpc rpc = options.node()) {
      EvmChain chain = chain(rpc, options, before);
      String contract = options.contract(before == null ? null : before.contract);
      String recorder = options.recorder(before == null ? null : before.recorder);
      if (contract == null || recorder == null) {
        throw new FolkmootException(
            BAD_REQUEST,
            "this home has not anchored that feed: say where it is with --contract and --recorder");
      }
      EvmAnchor anchor = new EvmAnchor(chain, contract, recorder, options.depth());
      String origin = FeedName.origin(peer);
      long recorded = anchor.latest(origin).map(Anchor.Mark::size).orElse(0L);
      long size = Math.max(recorded, before == null ? 1 : before.size);
      if (size > feed.size()) {
        throw new FolkmootException(
            WRONG_HASH,
            "the chain has %d entries of this feed and only %d are here: get the rest from peers"
                .formatted(size, feed.size()));
      }
      Anchor.Mark mark = anchor.verify(new Anchor.Head(origin, size, root(store, peer, size)));
      report(json, "holds", chain, anchor, mark);
      return ExitStatus.OK;
    }
  }

  private void report(
      boolean json, String what, EvmChain chain, EvmAnchor anchor, Anchor.Mark mark) {
    Console console = surroundings.console();
    if (json) {
      Map<String, Object> fields = new LinkedHashMap<>();
      fields.put(what, true);
      fields.put("entries", mark.size());
      fields.put("root", mark.root().hex());
      fields.put("chain", chain.chainId());
      fields.put("contract", anchor.contract());
      fields.put("recorder", anchor.recorder());
      fields.put("block", mark.height());
      fields.put("seconds", mark.seconds());
      JsonOutput.print(console, fields);
      return;
    }
    console
        .out()
        .printf(
            "%s: %,d entries, root %s%n  chain %d, block %,d of %s%n  contract %s, recorded by %s%n",
            console.outStyle().strong(what.equals("holds") ? "it holds" : what),
            mark.size(),
            mark.root(),
            chain.chainId(),
            mark.height(),
            Instant.ofEpochSecond(mark.seconds()),
            anchor.contract(),
            anchor.recorder());
  }

  private static void sleep(Duration time) {
    try {
      Thread.sleep(time);
    } catch (InterruptedException stopped) {
      Thread.currentThread().interrupt();
      throw new FolkmootException(
          FolkmootException.Code.NOT_FINAL,
          "stopped while waiting for a block: call this again to see whether one has it");
    }
  }
}
