package org.folkmoot.route;

import java.util.ArrayList;
import java.util.List;

/**
 * Who serves what of a model.
 *
 * @param embedding of the embedding
 * @param layers of each layer
 * @param head of the head
 */
public record Coverage(Part embedding, List<Part> layers, Part head) {
  /**
   * Who serves one part.
   *
   * @param peers how many
   * @param tokensPerSecond what they can do together, if each spends itself on its whole span
   */
  public record Part(int peers, double tokensPerSecond) {}

  /** Copies. */
  public Coverage {
    layers = List.copyOf(layers);
  }

  /** The coverage of a model with so many layers; banned peers do not count. */
  public static Coverage of(SwarmView view, int layers) {
    Units units = Units.of(layers, 0, 0);
    Estimates estimates = Estimates.of(view);
    int[] peers = new int[units.count()];
    double[] rate = new double[units.count()];
    for (PeerOffer peer : view.peers()) {
      if (peer.measured().banned() || peer.offer().modelLayers() != layers) {
        continue;
      }
      double each = estimates.layersPerSecond(peer) / Math.max(1, peer.offer().range().layers());
      for (int unit = units.from(peer.offer().range());
          unit < units.to(peer.offer().range());
          unit++) {
        peers[unit]++;
        rate[unit] += each;
      }
    }
    List<Part> parts = new ArrayList<>();
    for (int unit = 0; unit < units.count(); unit++) {
      parts.add(new Part(peers[unit], rate[unit]));
    }
    return new Coverage(parts.getFirst(), parts.subList(1, layers + 1), parts.getLast());
  }

  /** Whether the model can be answered with. */
  public boolean complete() {
    return embedding.peers > 0
        && head.peers > 0
        && layers.stream().allMatch(layer -> layer.peers > 0);
  }
}
