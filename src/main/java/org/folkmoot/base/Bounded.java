package org.folkmoot.base;

import java.util.LinkedHashMap;
import java.util.Map;

/** A map that forgets what was longest not used when it is full. */
public final class Bounded<K, V> extends LinkedHashMap<K, V> {
  private static final long serialVersionUID = 1L;

  private final int most;

  /** An empty map that keeps so many entries. */
  public Bounded(int most) {
    super(16, 0.75f, true);
    this.most = most;
  }

  @Override
  protected boolean removeEldestEntry(Map.Entry<K, V> eldest) {
    return size() > most;
  }
}
