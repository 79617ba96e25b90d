package org.folkmoot.peer;

import java.util.Map;
import org.folkmoot.base.Loop;
import org.folkmoot.wire.Message;
import org.folkmoot.wire.PeerId;
import org.jspecify.annotations.Nullable;

/**
 * How peers have fared with us. One that failed is left alone for a while, twice as long each time;
 * what it failed at makes no difference: a link that could not be made counts as a call that was
 * not answered. It belongs to the node's loop; hand it to {@link PeerNetwork#listen} to hear of
 * links.
 */
public final class Reputation implements PeerNetwork.Listener {
  /** The first ban: longer than it takes to find another way. */
  private static final long FIRST_BAN_NANOS = 5_000_000_000L;

  /** The longest: ten minutes. Networks heal. */
  private static final long LONGEST_BAN_NANOS = 600_000_000_000L;

  /** A failure is forgotten after ten minutes without another. */
  private static final long FADE_NANOS = 600_000_000_000L;

  /** More failures make no difference to anything. */
  private static final int MOST_FAILURES = 16;

  /** Peers remembered; whoever was longest not heard of is forgiven. */
  private static final int MAX_PEERS = 1024;

  private final Loop loop;
  private final Map<PeerId, Past> records = new Bounded<>(MAX_PEERS);

  private static final class Past {
    private int failures;
    private long bannedUntilNanos;
    private long changedNanos;
    // Whether the last that failed was a link: then one that stands is a success.
    private boolean byLink;
  }

  /** Everybody begins without a stain. */
  public Reputation(Loop loop) {
    this.loop = loop;
  }

  /** A peer did not do what it should: it was late, wrong or away. */
  public void failed(PeerId peer) {
    failed(peer, false);
  }

  private void failed(PeerId peer, boolean byLink) {
    long now = loop.nanoTime();
    Past record = records.computeIfAbsent(peer, _ -> new Past());
    fade(record, now);
    record.failures = Math.min(MOST_FAILURES, record.failures + 1);
    record.bannedUntilNanos =
        now + Math.min(LONGEST_BAN_NANOS, FIRST_BAN_NANOS << (record.failures - 1));
    record.changedNanos = now;
    record.byLink = byLink;
  }

  /** A peer did what it should: half of what it failed is forgiven, and it may go on at once. */
  public void succeeded(PeerId peer) {
    Past record = records.get(peer);
    if (record == null) {
      return;
    }
    long now = loop.nanoTime();
    fade(record, now);
    record.failures /= 2;
    record.bannedUntilNanos = now;
    record.changedNanos = now;
    if (record.failures == 0) {
      records.remove(peer);
    }
  }

  /** Failures that are not yet forgotten. */
  public int failures(PeerId peer) {
    Past record = faded(peer);
    return record == null ? 0 : record.failures;
  }

  /** How long a peer is still to be left alone; 0 if it is not. */
  public long bannedNanos(PeerId peer) {
    Past record = faded(peer);
    return record == null ? 0 : Math.max(0, record.bannedUntilNanos - loop.nanoTime());
  }

  /** Whether a peer is to be left alone for now. */
  public boolean banned(PeerId peer) {
    return bannedNanos(peer) > 0;
  }

  private @Nullable Past faded(PeerId peer) {
    Past record = records.get(peer);
    if (record != null) {
      fade(record, loop.nanoTime());
    }
    return record;
  }

  private static void fade(Past record, long now) {
    long faded = (now - record.changedNanos) / FADE_NANOS;
    if (faded > 0) {
      record.failures = (int) Math.max(0, record.failures - faded);
      record.changedNanos += faded * FADE_NANOS;
    }
  }

  // ---- links

  @Override
  public void lost(PeerId peer, Message.Reason reason) {
    // Whoever said that it was going has not failed.
    if (reason != Message.Reason.STOPPING && reason != Message.Reason.DUPLICATE) {
      failed(peer, true);
    }
  }

  @Override
  public void connected(PeerId peer) {
    Past record = records.get(peer);
    if (record != null && record.byLink) {
      succeeded(peer);
    }
  }
}
