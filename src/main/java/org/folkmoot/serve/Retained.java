package org.folkmoot.serve;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;

/**
 * A session's outputs at a hop, kept until they are sent, and further so that another hop can be
 * given them: all of them, as long as there is room beside those of other sessions.
 */
final class Retained {
  /** Outputs of consecutive tokens, and in which of the session's epochs these were sent. */
  record Part(int epoch, int position, int tokens, float[] hidden) {
    int end() {
      return position + tokens;
    }
  }

  private final int dim;
  private final FloatBudget budget;
  private final Deque<Part> parts = new ArrayDeque<>();

  /** Before this position something is not kept any more. */
  private int begin;

  Retained(int dim, FloatBudget budget) {
    this.dim = dim;
    this.budget = budget;
  }

  /**
   * Adds outputs; what is there of later positions was taken back.
   *
   * @return false if there is no room for it; then nothing is added
   */
  boolean add(Part part) {
    truncate(part.position());
    if (!budget.take((long) part.tokens() * dim)) {
      return false;
    }
    parts.addLast(part);
    return true;
  }

  /** Takes back what is behind a position. */
  void truncate(int position) {
    while (!parts.isEmpty() && parts.getLast().end() > position) {
      Part last = removed(parts.removeLast());
      if (last.position() < position) {
        Part kept = cut(last, last.position(), position, dim);
        budget.take((long) kept.tokens() * dim); // of what was just given back
        parts.addLast(kept);
      }
    }
  }

  /** Forgets all parts that end before a position. */
  void forget(int position) {
    while (!parts.isEmpty() && parts.getFirst().end() <= position) {
      begin = removed(parts.removeFirst()).end();
    }
  }

  private Part removed(Part part) {
    budget.give((long) part.tokens() * dim);
    return part;
  }

  /** Leaves out what has no room: what comes before is not kept any more, either. */
  void skipTo(int position) {
    close();
    begin = position;
  }

  boolean isEmpty() {
    return parts.isEmpty();
  }

  /** Whether all outputs from a position on are kept. */
  boolean keepsFrom(int position) {
    return position >= begin;
  }

  /** The end of the last. */
  int end() {
    return parts.isEmpty() ? begin : parts.getLast().end();
  }

  /** Forgets all. */
  void close() {
    parts.forEach(this::removed);
    parts.clear();
  }

  /** The outputs from a position to an end, in order. */
  List<Part> between(int from, int to) {
    List<Part> found = new ArrayList<>();
    // From the end, where a session of many thousand tokens goes on.
    Iterator<Part> latest = parts.descendingIterator();
    while (latest.hasNext()) {
      Part part = latest.next();
      if (part.end() <= from) {
        break;
      }
      int begin = Math.max(from, part.position());
      int end = Math.min(to, part.end());
      if (begin < end) {
        found.add(cut(part, begin, end, dim));
      }
    }
    return found.reversed();
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
    if (run.size() == 1) {
      return first;
    }
    int tokens = run.getLast().end() - first.position();
    float[] hidden = new float[tokens * dim];
    for (Part part : run) {
      int at = (part.position() - first.position()) * dim;
      System.arraycopy(part.hidden(), 0, hidden, at, part.tokens() * dim);
    }
    return new Part(first.epoch(), first.position(), tokens, hidden);
  }

  /** A part of a part. */
  static Part cut(Part part, int from, int to, int dim) {
    if (from == part.position() && to == part.end()) {
      return part;
    }
    int at = from - part.position();
    int end = to - part.position();
    return new Part(
        part.epoch(), from, to - from, Arrays.copyOfRange(part.hidden(), at * dim, end * dim));
  }
}
