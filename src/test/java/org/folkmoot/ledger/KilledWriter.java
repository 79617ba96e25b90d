package org.folkmoot.ledger;

import java.io.PrintStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.folkmoot.ledger.entry.Entry;
import org.folkmoot.ledger.entry.RandomEntries;
import org.folkmoot.peer.Identity;

/** Appends as fast as it can, and says what is acknowledged; {@link KillTest} kills it. */
public final class KilledWriter {
  private KilledWriter() {}

  public static void main(String[] args) {
    Identity self = Identities.of(1);
    PrintStream out = System.out;
    RandomEntries entries = new RandomEntries(new Random(Long.parseLong(args[1])));
    Random sizes = new Random(Long.parseLong(args[1]) + 1);
    LedgerStore store = LedgerStore.open(Path.of(args[0]), self);
    OwnFeed feed = new OwnFeed(store, self);
    while (true) {
      List<Entry> some = new ArrayList<>();
      for (int i = sizes.nextInt(20); i >= 0; i--) {
        some.add(entries.any());
      }
      Ledger.Receipt last = feed.append(some).getLast();
      out.println(last.position() + " " + last.id().hex());
      out.flush();
    }
  }
}
