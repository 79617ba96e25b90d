package org.folkmoot.engine.model;

import java.util.ArrayList;
import java.util.List;
import org.folkmoot.kernel.KvLayout;

/**
 * How the layers of a span share the pages of a KV cache: those that see everything have pages that
 * stay, those with a sliding window have pages of their own, which go when the window has passed
 * them.
 */
final class KvPlan {
  /**
   * Positions behind a window that are kept all the same, so that some of the latest can be taken
   * back: a rejected draft, the end of an answer that the next prompt renders otherwise.
   */
  static final int SLACK = 256;

  /** The pages of one kind. */
  enum Bank {
    /** Of layers that see everything. */
    LASTING,
    /** Of layers with a window. */
    PASSING
  }

  /**
   * Where a layer's keys and values lie.
   *
   * @param bank in which pages
   * @param layer its number there
   */
  record Place(Bank bank, int layer) {}

  private final List<Place> places;
  private final KvLayout lasting;
  private final KvLayout passing;
  private final int window;

  KvPlan(ModelConfig config, Span span) {
    places = new ArrayList<>();
    int stay = 0;
    int pass = 0;
    for (int layer = span.from(); layer < span.to(); layer++) {
      // A window as long as the context hides nothing: its pages would never go.
      boolean passes =
          config.window().covers(layer) && config.window().positions() < config.contextLength();
      places.add(passes ? new Place(Bank.PASSING, pass++) : new Place(Bank.LASTING, stay++));
    }
    lasting = config.kvLayout(stay);
    passing = config.kvLayout(pass);
    window = config.window().positions();
  }

  private KvPlan(List<Place> places, KvLayout lasting, KvLayout passing, int window) {
    this.places = places;
    this.lasting = lasting;
    this.passing = passing;
    this.window = window;
  }

  /** The same, with the pages that stay in extents of so many. */
  KvPlan abreast(int pages) {
    return new KvPlan(places, lasting.abreast(pages), passing, window);
  }

  /** Of a layer, by its number in the span. */
  Place place(int layer) {
    return places.get(layer);
  }

  KvLayout layout(Bank bank) {
    return switch (bank) {
      case LASTING -> lasting;
      case PASSING -> passing;
    };
  }

  /** Whether there are layers whose pages are of some kind. */
  boolean isNeeded(Bank bank) {
    return layout(bank).layers() > 0;
  }

  /** The first position whose pages of a kind a sequence of some length still needs. */
  int firstNeeded(Bank bank, int length) {
    return switch (bank) {
      case LASTING -> 0;
      case PASSING -> Math.max(0, length - window + 1);
    };
  }

  /** The first position whose pages are kept. */
  int firstKept(Bank bank, int length) {
    return bank == Bank.LASTING ? 0 : Math.max(0, firstNeeded(bank, length) - SLACK);
  }

  /** Bytes of all pages that a sequence of up to so many positions holds at a time at most. */
  long bytes(long positions) {
    long pages = pages(positions);
    // A pass's tokens come before those behind the window can go; both ends may share a page.
    long most = pages((long) window + SLACK + PassPlan.ALONE_TOKENS) + 1;
    return pages * lasting.pageBytes() + Math.min(pages, most) * passing.pageBytes();
  }

  /** The greatest length of a sequence whose pages take no more than so many bytes. */
  int positions(long bytes, int most) {
    int low = 0;
    int high = most;
    while (low < high) {
      int middle = (int) (((long) low + high + 1) / 2);
      if (bytes(middle) <= bytes) {
        low = middle;
      } else {
        high = middle - 1;
      }
    }
    return low;
  }

  private static long pages(long positions) {
    return (positions + KvLayout.POSITIONS - 1) / KvLayout.POSITIONS;
  }
}
