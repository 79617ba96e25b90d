package org.folkmoot.serve;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;

/** A session's outputs at a hop, kept so that another hop can be given them. */
final class Retained {
  /** Outputs of consecutive tokens. */
  record Part(int position, int tokens, float[] hidden) {
    int end() {
      return position + tokens;
    }
  }

  private final int dim;
  private final Deque<Part> parts = new ArrayDeque<>();

  Retained(int dim) {
    this.dim = dim;
  }

  /** Adds outputs; what is there of later positions was taken back. */
  void add(Part part) {
    truncate(part.position());
    parts.addLast(part);
  }

  private void truncate(int position) {
    while (!parts.isEmpty() && parts.getLast().end() > position) {
      Part last = parts.removeLast();
      if (last.position() < position) {
        parts.addLast(cut(last, last.position(), position));
      }
    }
  }

  /** The outputs from a position to an end, in order. */
  List<Part> between(int from, int to) {
    List<Part> found = new ArrayList<>();
    for (Part part : parts) {
      int begin = Math.max(from, part.position());
      int end = Math.min(to, part.end());
      if (begin < end) {
        found.add(cut(part, begin, end));
      }
    }
    return found;
  }

  private Part cut(Part part, int from, int to) {
    if (from == part.position() && to == part.end()) {
      return part;
    }
    int at = from - part.position();
    int end = to - part.position();
    return new Part(from, to - from, Arrays.copyOfRange(part.hidden(), at * dim, end * dim));
  }
}
