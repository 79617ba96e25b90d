package org.folkmoot.route;

import java.util.List;
import java.util.function.ToDoubleFunction;

/**
 * What to reckon with for each peer: what was measured; failing that its claims, as far as they are
 * credible; failing that something middling.
 *
 * @param typicalLayersPerSecond the median of the measured peers, or of the claims as long as none
 *     is measured
 * @param strangerRttNanos for peers whose round trip is not known
 */
record Estimates(double typicalLayersPerSecond, long strangerRttNanos) {
  /**
   * An unmeasured claim counts at most as so many times what is typical: a boast does not draw all
   * traffic, and a machine that is truly faster is found out by its first jobs.
   */
  static final double CREDIBLE = 4;

  /** A claim of nothing counts as this part of what is typical. */
  private static final double SILENT = 0.25;

  /** When nobody has said anything: a slow laptop with a small model. */
  private static final double ANY_LAYERS_PER_SECOND = 100;

  /** Keeps the time of a layer finite: below this nobody would call it serving. */
  private static final double LEAST_LAYERS_PER_SECOND = 0.01;

  /** Half way around a continent. */
  private static final long ANY_RTT_NANOS = 50_000_000;

  /** A stranger is not assumed to stand in the same house. */
  private static final long LEAST_STRANGER_RTT_NANOS = 20_000_000;

  /** 100 Mbit/s. */
  private static final double ANY_BYTES_PER_SECOND = 12_500_000;

  static Estimates of(SwarmView view) {
    List<PeerOffer> peers = view.peers();
    double measured = median(peers, peer -> peer.measured().layersPerSecond());
    double claimed = median(peers, peer -> peer.offer().layersPerSecond());
    double rtt = median(peers, peer -> peer.measured().rttNanos());
    return new Estimates(
        measured > 0 ? measured : claimed > 0 ? claimed : ANY_LAYERS_PER_SECOND,
        rtt > 0 ? Math.max(LEAST_STRANGER_RTT_NANOS, 2 * (long) rtt) : ANY_RTT_NANOS);
  }

  /** The lower median of the positive values; 0 if there are none. */
  private static double median(List<PeerOffer> peers, ToDoubleFunction<PeerOffer> value) {
    double[] known = peers.stream().mapToDouble(value).filter(each -> each > 0).sorted().toArray();
    return known.length == 0 ? 0 : known[(known.length - 1) / 2];
  }

  double layersPerSecond(PeerOffer peer) {
    double measured = peer.measured().layersPerSecond();
    double claimed = peer.offer().layersPerSecond();
    double credible =
        measured > 0
            ? measured
            : claimed > 0
                ? Math.min(claimed, CREDIBLE * typicalLayersPerSecond)
                : SILENT * typicalLayersPerSecond;
    return Math.max(LEAST_LAYERS_PER_SECOND, credible);
  }

  long rttNanos(PeerOffer peer) {
    return peer.measured().rttNanos() >= 0 ? peer.measured().rttNanos() : strangerRttNanos;
  }

  long queueNanos(PeerOffer peer) {
    return peer.measured().queueNanos() >= 0
        ? peer.measured().queueNanos()
        : 1_000_000L * peer.offer().queueMillis();
  }

  long transferNanos(PeerOffer peer, int bytes) {
    double measured = peer.measured().bytesPerSecond();
    return Math.round(1e9 * bytes / (measured > 0 ? measured : ANY_BYTES_PER_SECOND));
  }
}
