package org.folkmoot.engine.tokenizer;

import java.util.Arrays;

/** A growing list of token ids. */
final class IdList {
  private int[] ids;
  private int size;

  IdList(int capacity) {
    ids = new int[Math.max(8, capacity)];
  }

  void add(int id) {
    if (size == ids.length) {
      ids = Arrays.copyOf(ids, size + size / 2);
    }
    ids[size++] = id;
  }

  int[] toArray() {
    return Arrays.copyOf(ids, size);
  }
}
