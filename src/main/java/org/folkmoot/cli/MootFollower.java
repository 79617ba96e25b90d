package org.folkmoot.cli;

import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.base.Hash32;
import org.folkmoot.cli.swarm.NodeLedger;
import org.folkmoot.moot.MootFeeds;
import org.folkmoot.moot.MootRecord;
import org.jspecify.annotations.Nullable;

/** Has a running node follow what the moot of its home decides, and say so. */
final class MootFollower implements AutoCloseable {
  /** Decisions come into force at a second; a person waits no longer than this to hear of it. */
  private static final long LOOK_MILLIS = 2000;

  private final Surroundings surroundings;
  private final NodeLedger ledger;
  private final ScheduledExecutorService looking =
      Executors.newSingleThreadScheduledExecutor(
          Thread.ofPlatform().daemon().name("folkmoot-moot").factory());
  private final MootWelcome welcome;
  private @Nullable MootRecord record;
  private int state;
  private String told = "";

  private MootFollower(Surroundings surroundings, NodeLedger ledger) {
    this.surroundings = surroundings;
    this.ledger = ledger;
    welcome = new MootWelcome(ledger.self());
  }

  static MootFollower start(Surroundings surroundings, NodeLedger ledger) {
    MootFollower follower = new MootFollower(surroundings, ledger);
    var _ =
        follower.looking.scheduleWithFixedDelay(
            follower::look, LOOK_MILLIS, LOOK_MILLIS, TimeUnit.MILLISECONDS);
    return follower;
  }

  private void look() {
    try {
      MootHome.remembered(surroundings).ifPresent(this::follow);
    } catch (FolkmootException notNow) {
      // A full disk, say: it is tried again, and said once.
      String why = String.valueOf(notNow.getMessage());
      if (!why.equals(told)) {
        told = why;
        surroundings.console().note("the moot's decisions cannot be followed: " + why);
      }
    } catch (RuntimeException defect) {
      surroundings.console().note("a defect in Folkmoot: " + defect);
      throw defect;
    }
  }

  private void follow(Hash32 id) {
    int now = ledger.state();
    MootRecord known = record;
    if (known == null || now != state) {
      known = MootFeeds.read(ledger.store());
      record = known;
      state = now;
    }
    MootHome.follow(surroundings, known, id).forEach(surroundings.console()::note);
    welcome.entries(known, id, surroundings.clock().millis()).forEach(ledger::add);
  }

  @Override
  public void close() {
    looking.shutdown();
    try {
      // What it reads from is closed next.
      boolean _ = looking.awaitTermination(1, TimeUnit.SECONDS);
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
