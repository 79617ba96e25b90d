package org.folkmoot.cli;

import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.base.Hash32;
import org.folkmoot.cli.swarm.NodeLedger;
import org.folkmoot.moot.Moot;
import org.folkmoot.moot.MootFeeds;
import org.folkmoot.moot.MootRecord;
import org.folkmoot.wire.PeerId;
import org.jspecify.annotations.Nullable;

/** Has a running node follow what the moot of its home decides, and say so. */
final class MootFollower implements AutoCloseable {
  /** Decisions come into force at a second; a person waits no longer than this to hear of it. */
  private static final long LOOK_MILLIS = 2000;

  private final Surroundings surroundings;
  private final NodeLedger ledger;
  private final Consumer<MootDefaults> decided;
  private final MootFeeds feeds;
  private final ScheduledExecutorService looking =
      Executors.newSingleThreadScheduledExecutor(
          Thread.ofPlatform().daemon().name("folkmoot-moot").factory());
  private final MootWelcome welcome;
  private @Nullable Moot seen;
  private int state;
  private String told = "";

  private MootFollower(
      Surroundings surroundings, NodeLedger ledger, Consumer<MootDefaults> decided) {
    this.surroundings = surroundings;
    this.ledger = ledger;
    this.decided = decided;
    feeds = new MootFeeds(ledger.store());
    welcome = new MootWelcome(ledger.self());
  }

  /**
   * Follows from now on.
   *
   * @param decided told of defaults that have changed, after the person was told
   */
  static MootFollower start(
      Surroundings surroundings, NodeLedger ledger, Consumer<MootDefaults> decided) {
    MootFollower follower = new MootFollower(surroundings, ledger, decided);
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
    Moot known = seen;
    long seconds = MootHome.seconds(surroundings);
    boolean same =
        known != null
            && known.id().equals(id)
            && now == state
            && known.next().orElse(Long.MAX_VALUE) > seconds;
    if (same) {
      return;
    }
    MootRecord record = feeds.read();
    Optional<Moot> moot = MootHome.known(record, id, seconds);
    seen = moot.orElse(null);
    state = now;
    moot.ifPresent(this::follow);
    moot.map(found -> welcome.entries(record, found, surroundings.clock().millis()))
        .orElse(List.of())
        .forEach(ledger::add);
  }

  private void follow(Moot moot) {
    Set<PeerId> members = new HashSet<>(moot.members().keySet());
    members.addAll(moot.invited());
    ledger.prefer(members);
    List<String> said = MootDefaults.follow(surroundings, moot);
    said.forEach(surroundings.console()::note);
    if (!said.isEmpty()) {
      decided.accept(MootDefaults.read(surroundings));
    }
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
