package org.folkmoot.engine.model;

/**
 * Sliding windows of attention (Beltagy et al. 2020, arXiv 2004.05150): in some layers a position
 * sees itself and the last ones before it only.
 *
 * @param positions how many it sees, itself included; 0 if all layers see everything
 * @param period one layer of so many sees everything, the last of them; 0 if none does
 * @param rope how positions are told in the layers with a window
 */
public record Window(int positions, int period, Rope rope) {
  /** Whether a layer of the model has the window. */
  public boolean covers(int layer) {
    return positions > 0 && (period == 0 || layer % period < period - 1);
  }

  /** Positions that a layer sees at most: its window, or any number. */
  public int reach(int layer) {
    return covers(layer) ? positions : Integer.MAX_VALUE;
  }
}
