package org.folkmoot.cli;

import java.nio.file.Files;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import org.folkmoot.cli.swarm.SwarmFolder;
import org.folkmoot.ledger.Feed;
import org.folkmoot.ledger.LedgerStore;
import org.folkmoot.ledger.credit.Balance;
import org.folkmoot.ledger.credit.CreditBook;
import org.folkmoot.ledger.credit.CreditPage;
import org.folkmoot.peer.Identity;
import org.folkmoot.wire.PeerId;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** Who has computed how much for whom, and who would be served first. */
@Command(
    name = "credits",
    description = {
      "Show who has computed how much for whom, by works that both sides signed.",
      "Where a node has not room for all, those it owes most go first. Credits are no money:"
          + " docs/credits.md."
    })
final class CreditsCommand implements Callable<Integer> {
  private final Surroundings surroundings;

  @Mixin private JsonOption json;

  CreditsCommand(Surroundings surroundings) {
    this.surroundings = surroundings;
  }

  private record Row(PeerId peer, Balance balance, long standing) {}

  @Override
  public Integer call() {
    LedgerHome home = new LedgerHome(surroundings);
    PeerId self = home.identity().peerId();
    List<Row> rows = rows(home, self);
    Console console = surroundings.console();
    if (json.isWished()) {
      Map<String, Object> root = new LinkedHashMap<>();
      root.put("peer", self.text());
      root.put("allowance", CreditBook.ALLOWANCE);
      root.put("peers", rows.stream().map(CreditsCommand::json).toList());
      JsonOutput.print(console, root);
      return ExitStatus.OK;
    }
    if (rows.isEmpty()) {
      console.note("Nobody has worked for anybody yet, as far as this home knows.");
      return ExitStatus.OK;
    }
    Table table =
        new Table("PEER", "DONE FOR IT", "DONE BY IT", "ANSWERS", "GOES FIRST BY")
            .right("DONE FOR IT", "DONE BY IT", "ANSWERS", "GOES FIRST BY");
    for (Row row : rows) {
      table.row(
          row.peer.toString(),
          flops(row.balance.given()),
          flops(row.balance.taken()),
          Long.toString(row.balance.works()),
          flops(row.standing));
    }
    table.print(console);
    return ExitStatus.OK;
  }

  private List<Row> rows(LedgerHome home, PeerId self) {
    if (!Files.isDirectory(home.folder())) {
      return List.of();
    }
    try (LedgerStore store = home.open(home.identity())) {
      Map<PeerId, Balance> balances = Balance.all(store, self, Identity::verify);
      CreditBook book = book(store, self);
      TreeSet<PeerId> peers = new TreeSet<>(balances.keySet());
      peers.addAll(book.graph().edges(self).keySet());
      List<Row> rows = new ArrayList<>();
      for (PeerId peer : peers) {
        rows.add(
            new Row(
                peer,
                balances.getOrDefault(peer, Balance.NONE),
                book.graph().flow(peer, self, Long.MAX_VALUE)));
      }
      rows.sort((one, other) -> Long.compare(other.standing, one.standing));
      return rows;
    }
  }

  /** What the node wrote down last, and what feeds have told since. */
  private CreditBook book(LedgerStore store, PeerId self) {
    // Without shapes: our own works are in the file or in our feed, by their shapes.
    CreditBook book =
        new CreditBook(self, Identity::verify, _ -> Optional.empty(), surroundings.clock()::millis);
    SwarmFolder.restore(book, Swarms.folder(surroundings).credits());
    // Our own first: it says whose feeds matter.
    readOn(store, self, book);
    store.feeds().stream()
        .filter(feed -> feed.fork().isEmpty())
        .map(Feed::peer)
        .filter(book::follows)
        .forEach(peer -> readOn(store, peer, book));
    return book;
  }

  private static void readOn(LedgerStore store, PeerId feed, CreditBook book) {
    CreditPage page;
    do {
      page = CreditPage.read(store, feed, book.read(feed), Identity::verify);
      int _ = book.take(page);
    } while (page.to() > page.from());
  }

  private static Map<String, Object> json(Row row) {
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("peer", row.peer.text());
    fields.put("given", row.balance.given());
    fields.put("taken", row.balance.taken());
    fields.put("works", row.balance.works());
    fields.put("standing", row.standing);
    return fields;
  }

  /** Megaflops, as people say them. */
  private static String flops(long megaflops) {
    if (megaflops == 0) {
      return "–";
    }
    double amount = megaflops;
    String[] units = {"MFLOP", "GFLOP", "TFLOP", "PFLOP", "EFLOP"};
    int unit = 0;
    while (amount >= 999.5 && unit < units.length - 1) {
      amount /= 1000;
      unit++;
    }
    return String.format(Locale.ROOT, amount < 9.95 ? "%.1f %s" : "%.0f %s", amount, units[unit]);
  }
}
