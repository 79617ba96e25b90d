package org.folkmoot.serve;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;

/** A session's outputs at a hop, kept so that another hop can be given them. */
final class Retained {
  /** Outputs of consecutive tokens, and in which of the session's epochs these were sent. */
  record Part(int epoch, int position, int tokens, float[] hidden) {
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

  /**
   * The same in as few parts as may be, for a hop that computes many tokens at once much faster.
   *
   * @param settled the tokens before this position are final: of which epoch they are no longer
   *     matters
   */
  List<Part> joined(int from, int to, int settled) {
    List<Part> all = new ArrayList<>(between(from, Math.min(to, settled)));
    int newest = all.stream().mapToInt(Part::epoch).max().orElse(0);
    all.replaceAll(part -> new Part(newest, part.position(), part.tokens(), part.hidden()));
    all.addAll(between(Math.max(from, settled), to));
    List<Part> joined = new ArrayList<>();
    for (int i = 0; i < all.size(); ) {
      int end = i + 1;
      while (end < all.size() && all.get(end).epoch() == all.get(i).epoch()) {
        end++;
      }
      joined.add(join(all.subList(i, end)));
      i = end;
    }
    return joined;
  }

  private Part join(List<Part> run) {
    Part first = run.getFirst();
    int tokens = run.getLast().end() - first.position();
    float[] hidden = new float[tokens * dim];
    for (Part part : run) {
      int at = (part.position() - first.position()) * dim;
      System.arraycopy(part.hidden(), 0, hidden, at, part.tokens() * dim);
    }
    return new Part(first.epoch(), first.position(), tokens, hidden);
  }

  private Part cut(Part part, int from, int to) {
    if (from == part.position() && to == part.end()) {
      return part;
    }
    int at = from - part.position();
    int end = to - part.position();
    return new Part(
        part.epoch(), from, to - from, Arrays.copyOfRange(part.hidden(), at * dim, end * dim));
  }
}
