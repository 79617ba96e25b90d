package org.folkmoot.cli;

import static org.folkmoot.base.FolkmootException.Code.BAD_REQUEST;

import java.io.PrintStream;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.ledger.CosignedHead;
import org.folkmoot.ledger.Feed;
import org.folkmoot.ledger.FeedName;
import org.folkmoot.ledger.ForkProof;
import org.folkmoot.ledger.LedgerStore;
import org.folkmoot.peer.Identity;
import org.folkmoot.wire.PeerId;
import org.jspecify.annotations.Nullable;

/**
 * {@code ledger ls} and {@code ledger show}: the feeds, their entries, and who vouches for them.
 */
final class LedgerShow {
  private static final int MAX_READ = 1000;

  private final Surroundings surroundings;
  private final LedgerHome home;

  LedgerShow(Surroundings surroundings) {
    this.surroundings = surroundings;
    home = new LedgerHome(surroundings);
  }

  int list(boolean wishesJson) {
    Console console = surroundings.console();
    Identity identity = home.identity();
    try (LedgerStore store = home.open(identity)) {
      List<Feed> feeds = store.feeds();
      if (wishesJson) {
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

  int show(@Nullable String feed, @Nullable Long from, int count, boolean wishesJson) {
    if (count < 1 || count > MAX_READ || (from != null && from < 0)) {
      throw new FolkmootException(
          BAD_REQUEST, "--count is from 1 to %d, --from from 0".formatted(MAX_READ));
    }
    Console console = surroundings.console();
    Identity identity = home.identity();
    try (LedgerStore store = home.open(identity)) {
      PeerId peer = LedgerHome.peer(feed, store, identity);
      Optional<Feed> found = store.feed(peer);
      long size = found.map(Feed::size).orElse(0L);
      long first = from == null ? Math.max(0, size - count) : from;
      List<EntryView> views = new ArrayList<>();
      for (byte[] entry : store.entries(peer, first, count)) {
        views.add(EntryView.of(peer, first + views.size(), entry));
      }
      if (wishesJson) {
        Map<String, Object> root = new LinkedHashMap<>();
        root.put("peer", peer.text());
        root.put("size", size);
        found.ifPresent(here -> root.putAll(evidence(store, here)));
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
      found.ifPresent(here -> trust(store, here));
      return ExitStatus.OK;
    }
  }

  /** Below the entries: who cosigned them, and, if it is so, that there are two histories. */
  private void trust(LedgerStore store, Feed feed) {
    Console console = surroundings.console();
    PrintStream out = console.out();
    store.cosignedHeads(feed.peer()).stream()
        .findFirst()
        .ifPresent(head -> {
          out.printf("cosigned up to entry %d by%n", head.size() - 1);
          for (CosignedHead.Cosigner cosigner : head.cosigners()) {
            out.printf("    %s  %s%n", Instant.ofEpochSecond(cosigner.seconds()), name(cosigner));
          }
        });
    feed.fork()
        .ifPresent(fork -> {
          out.println(
              console
                  .outStyle()
                  .strong("FORKED: this member has signed two histories; anyone can check"));
          out.print(fork.smaller().note().text().indent(4));
          out.printf("    and%n");
          out.print(fork.larger().note().text().indent(4));
          out.printf(
              "    whose first %d entries have another root, %s%n",
              fork.smaller().size(), fork.beginning().hex());
        });
  }

  private static String name(CosignedHead.Cosigner cosigner) {
    return FeedName.witness(cosigner.name()).map(PeerId::toString).orElse(cosigner.name());
  }

  private static Map<String, Object> evidence(LedgerStore store, Feed feed) {
    Map<String, Object> fields = new LinkedHashMap<>();
    store.cosignedHeads(feed.peer()).stream()
        .findFirst()
        .ifPresent(head ->
            fields.put(
                "cosigned",
                Map.of(
                    "size",
                    head.size(),
                    "by",
                    head.cosigners().stream()
                        .map(by -> Map.of("name", by.name(), "seconds", by.seconds()))
                        .toList())));
    feed.fork()
        .map(ForkProof::toBytes)
        .ifPresent(proof -> fields.put("fork", HexFormat.of().formatHex(proof)));
    return fields;
  }
}
