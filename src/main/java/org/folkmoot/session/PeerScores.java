package org.folkmoot.session;

import java.util.HashSet;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import org.folkmoot.base.Bounded;
import org.folkmoot.peer.PeerNetwork;
import org.folkmoot.route.Measured;
import org.folkmoot.wire.Message;
import org.folkmoot.wire.PeerId;

/**
 * What this node has seen of others as their client, which outranks what they say of themselves. A
 * connect that fails counts as a call that fails; each failure in a row doubles the time for which
 * a peer is left alone. Used on the loop only.
 */
public final class PeerScores {
  /** After a first failure: about what a restart takes. */
  private static final long FIRST_BAN_NANOS = 5_000_000_000L;

  /** After many: who comes back after an hour is found within ten minutes. */
  private static final long LONGEST_BAN_NANOS = 600_000_000_000L;

  /** A chain and the node's links both tell of one failure: so soon after it, it is the same. */
  private static final long SAME_FAILURE_NANOS = 1_000_000_000L;

  private static final int MAX_PEERS = 4096;

  /** Weight of the latest step. */
  private static final double SHARE = 0.2;

  private static final class Score {
    double layersPerSecond = Measured.UNKNOWN;
    int failures;
    long failedAt;
    long aloneUntil;
    boolean alone;
    boolean unreachable;
  }

  private final PeerNetwork network;
  private final Set<PeerId> banished = new HashSet<>();
  private final Map<PeerId, Score> scores = new Bounded<>(MAX_PEERS);

  /** No scores yet. */
  public PeerScores(PeerNetwork network) {
    this.network = network;
  }

  private Score of(PeerId peer) {
    return scores.computeIfAbsent(peer, _ -> new Score());
  }

  /** It failed: bans it for a while. */
  public void failed(PeerId peer, Message.Reason reason) {
    Score score = of(peer);
    long now = network.loop().nanoTime();
    if (score.failures == 0 || now - score.failedAt > SAME_FAILURE_NANOS) {
      score.failures = Math.min(30, score.failures + 1);
      score.failedAt = now;
    }
    long ban = Math.min(LONGEST_BAN_NANOS, FIRST_BAN_NANOS << Math.min(20, score.failures - 1));
    boolean unreachable = reason == Message.Reason.UNREACHABLE || reason == Message.Reason.SILENT;
    leaveAlone(score, reason == Message.Reason.FAILED ? LONGEST_BAN_NANOS : ban, unreachable);
  }

  /**
   * There is a link to it: if it was left alone because there was none, that is over. It still
   * counts as one that failed until it has computed.
   */
  public void reached(PeerId peer) {
    Score score = scores.get(peer);
    if (score != null && score.unreachable) {
      score.alone = false;
    }
  }

  /** It is proven to have computed wrongly: nothing is asked of it any more. */
  public void banish(PeerId peer) {
    banished.add(peer);
  }

  /** It asked to be left alone for a while. */
  public void busy(PeerId peer, long millis) {
    leaveAlone(of(peer), 1_000_000L * Math.clamp(millis, 50, 60_000), false);
  }

  /** A ban is never shortened by another: nobody sheds one by going away and coming back. */
  private void leaveAlone(Score score, long nanos, boolean unreachable) {
    long now = network.loop().nanoTime();
    boolean already = score.alone && score.aloneUntil - now > 0;
    score.aloneUntil = now + (already ? Math.max(nanos, score.aloneUntil - now) : nanos);
    score.unreachable = unreachable && (!already || score.unreachable);
    score.alone = true;
  }

  /**
   * It computed.
   *
   * @param single tokens that were steps of their own; 0 for a longer step, which tells nothing of
   *     how soon a token comes
   * @param nanos what these took
   */
  public void computed(PeerId peer, int layers, int single, long nanos) {
    Score score = of(peer);
    score.failures = 0;
    if (single > 0 && layers > 0) {
      double sample = layers * 1e9 * single / Math.max(1000, nanos);
      score.layersPerSecond =
          score.layersPerSecond < 0
              ? sample
              : score.layersPerSecond + SHARE * (sample - score.layersPerSecond);
    }
  }

  /** What was measured of it. */
  public Measured measured(PeerId peer) {
    OptionalLong rtt = network.roundTripNanos(peer);
    Score score = scores.get(peer);
    if (banished.contains(peer)) {
      leaveAlone(of(peer), LONGEST_BAN_NANOS, false);
      score = of(peer);
    }
    if (score == null) {
      return rtt.isPresent() ? Measured.NOTHING.withRtt(rtt.getAsLong()) : Measured.NOTHING;
    }
    if (score.alone && network.loop().nanoTime() - score.aloneUntil >= 0) {
      score.alone = false;
    }
    return new Measured(
        rtt.orElse(Measured.UNKNOWN),
        score.layersPerSecond,
        Measured.UNKNOWN,
        Measured.UNKNOWN,
        score.failures,
        score.alone);
  }
}
