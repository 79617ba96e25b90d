package org.folkmoot.cli;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import org.folkmoot.base.ByteCount;
import org.jspecify.annotations.Nullable;

/**
 * Shows on standard error how many bytes of something are done. On a terminal one line is redrawn
 * in place, as wide as the terminal is; elsewhere a plain line comes now and then.
 */
final class ProgressBar implements AutoCloseable {
  /** A total that nobody knows. */
  static final long UNKNOWN = -1;

  /** Fast enough to look alive, slow enough to cost nothing. */
  private static final Duration REDRAW = Duration.ofMillis(100);

  /** A log needs to show that something goes on, no more. */
  private static final Duration PLAIN_LINE = Duration.ofSeconds(5);

  /** To ask for the width takes a process, so a resized terminal waits up to this long. */
  private static final Duration ASK_WIDTH = Duration.ofSeconds(1);

  /** A bar of fewer cells says nothing. */
  private static final int LEAST_CELLS = 8;

  private static final int MOST_CELLS = 40;

  /** Room for {@code 100% 98.4 MB / 98.4 MB}. */
  private static final int COUNTS_WIDTH = 23;

  /** Room for {@code 98.4 MB/s 100 min left}, the two spaces before it included. */
  private static final int PACE_WIDTH = 25;

  private static final String EIGHTHS = " ▏▎▍▌▋▊▉";
  private static final String TO_START_AND_CLEAR = "\r\u001b[K";

  private final Console console;
  private final InstantSource clock;
  private final String label;
  private final Instant began;
  private Rate rate;
  private @Nullable Instant lastDrawn;
  private @Nullable Instant widthAsked;
  private int width;
  private long bytes;
  private long total = UNKNOWN;
  private boolean closed;

  /** A bar for one thing; nothing is drawn yet. */
  ProgressBar(Console console, InstantSource clock, String label) {
    this.console = console;
    this.clock = clock;
    this.label = label;
    this.began = clock.instant();
    this.rate = new Rate(began, 0, 0);
  }

  /** Says how far it is; draws if it is time to. */
  void update(long bytesDone, long ofTotal) {
    bytes = bytesDone;
    total = ofTotal;
    Instant now = clock.instant();
    if (lastDrawn == null && bytes > 0) {
      // What was there before the first look was not fetched now: it counts for no speed.
      rate = new Rate(now, bytes, 0);
    }
    Duration pause = console.errIsTerminal() ? REDRAW : PLAIN_LINE;
    if (lastDrawn == null || !now.isBefore(lastDrawn.plus(pause))) {
      rate = rate.at(now, bytes);
      draw(now);
    }
  }

  /** Draws the last state and ends the line. */
  @Override
  public void close() {
    if (closed || lastDrawn == null) {
      return;
    }
    closed = true;
    Instant now = clock.instant();
    rate = rate.at(now, bytes);
    draw(now);
    if (console.errIsTerminal()) {
      console.err().println();
    }
  }

  private void draw(Instant now) {
    lastDrawn = now;
    if (console.errIsTerminal()) {
      console.err().print(TO_START_AND_CLEAR + line(columns(now)));
      console.err().flush();
    } else {
      console.err().println(line(Integer.MAX_VALUE));
    }
  }

  private int columns(Instant now) {
    if (widthAsked == null || !now.isBefore(widthAsked.plus(ASK_WIDTH))) {
      widthAsked = now;
      width = console.columns().getAsInt();
    }
    return width;
  }

  /**
   * The line for a terminal so wide. What matters least gives way first; the fields have fixed
   * widths, so that the bar does not jump.
   */
  private String line(int columns) {
    // The last column stays free: some terminals wrap when it is written.
    int room = columns - 1;
    String counts = counts();
    String pace = pace();
    if (console.errIsTerminal() && total != UNKNOWN) {
      int forBar = room - label.length() - "  ▕▏  ".length() - COUNTS_WIDTH;
      if (forBar - PACE_WIDTH >= LEAST_CELLS) {
        return label + "  " + bar(forBar - PACE_WIDTH) + "  " + counts + pace;
      }
      if (forBar >= LEAST_CELLS) {
        return label + "  " + bar(forBar) + "  " + counts;
      }
    }
    for (String text : new String[] {label + "  " + counts + pace, label + "  " + counts}) {
      if (text.length() <= room) {
        return text;
      }
    }
    return counts.length() <= room ? counts : counts.substring(0, room);
  }

  private String counts() {
    if (total == UNKNOWN) {
      return ByteCount.text(bytes);
    }
    String done = ByteCount.text(bytes) + " / " + ByteCount.text(total);
    String share = percent() + "%";
    return console.errIsTerminal()
        ? " ".repeat(4 - share.length())
            + share
            + "  "
            + " ".repeat(Math.max(0, COUNTS_WIDTH - 6 - done.length()))
            + done
        : share + "  " + done;
  }

  private String bar(int room) {
    int cells = Math.min(room, MOST_CELLS);
    int eighths = (int) (cells * 8 * share());
    int full = eighths / 8;
    String part = full < cells ? EIGHTHS.substring(eighths % 8, eighths % 8 + 1) : "";
    String bar = "█".repeat(full) + part;
    return "▕" + bar + " ".repeat(cells - bar.length()) + "▏";
  }

  private double share() {
    return total <= 0 ? 1 : Math.clamp((double) bytes / total, 0, 1);
  }

  private int percent() {
    return (int) (100 * share());
  }

  private String pace() {
    boolean whole = bytes == total;
    double perSecond = whole ? averageRate() : rate.bytesPerSecond;
    if (perSecond < 1) {
      return "";
    }
    String speed = "  " + ByteCount.text((long) perSecond) + "/s";
    boolean endKnown = total != UNKNOWN && !whole;
    return endKnown ? speed + "  " + shortTime((total - bytes) / perSecond) + " left" : speed;
  }

  private double averageRate() {
    double seconds = Duration.between(began, clock.instant()).toMillis() / 1000.0;
    return seconds > 0 ? (bytes - rate.start) / seconds : 0;
  }

  private static String shortTime(double seconds) {
    long whole = Math.round(seconds);
    if (whole < 100) {
      return whole + " s";
    }
    return whole < 6000 ? Math.round(whole / 60.0) + " min" : Math.round(whole / 3600.0) + " h";
  }

  /** Speed as people feel it: the last few seconds count most. */
  private record Rate(Instant at, long bytes, long start, double bytesPerSecond) {
    /** Seconds after which an old speed weighs about a third. */
    private static final double MEMORY = 3;

    Rate(Instant at, long bytes, double bytesPerSecond) {
      this(at, bytes, bytes, bytesPerSecond);
    }

    Rate at(Instant now, long bytesNow) {
      double seconds = Duration.between(at, now).toMillis() / 1000.0;
      if (seconds <= 0) {
        return this;
      }
      double current = Math.max(0, bytesNow - bytes) / seconds;
      double kept = bytesPerSecond == 0 ? 0 : Math.exp(-seconds / MEMORY);
      return new Rate(now, bytesNow, start, kept * bytesPerSecond + (1 - kept) * current);
    }
  }
}
