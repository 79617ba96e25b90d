package org.folkmoot.serve;

import java.io.ByteArrayOutputStream;
import org.folkmoot.base.Deadline;
import org.folkmoot.base.Loop;
import org.folkmoot.wire.Digests;
import org.folkmoot.wire.LayerRange;
import org.folkmoot.wire.Message;
import org.folkmoot.wire.SessionId;

/**
 * What a hop tells a session's client about its steps. Reports of single tokens are collected: each
 * message costs both sides the time of a layer or two, and takes it from the hops that compute
 * meanwhile if they are on the same machine.
 */
final class StepReports {
  /** Steps in one report: an eighth of the messages is little enough. */
  private static final int MOST_STEPS = 8;

  /** A report waits no longer: the client judges by them whether a hop hangs, within seconds. */
  private static final long WAIT_NANOS = 50_000_000;

  /** Where reports go. */
  interface Out {
    void send(Message.Computed report);
  }

  private final SessionId session;
  private final LayerRange range;
  private final Out out;
  private final ByteArrayOutputStream digests = new ByteArrayOutputStream();
  private int epoch;
  private int position;
  private int tokens;
  private long queueNanos;
  private long computeNanos;
  private final Deadline deadline;

  StepReports(Loop loop, SessionId session, LayerRange range, Out out) {
    this.deadline = new Deadline(loop);
    this.session = session;
    this.range = range;
    this.out = out;
  }

  /** A step, or a part of one, was computed. */
  void add(int ofEpoch, int at, byte[] newDigests, long queued, long computed) {
    int count = newDigests.length / Digests.BYTES;
    if (tokens > 0 && (count > 1 || ofEpoch != epoch || at != position + tokens)) {
      flush();
    }
    if (count > 1) {
      send(ofEpoch, at, count, 1, newDigests, queued, computed);
      return;
    }
    if (tokens == 0) {
      epoch = ofEpoch;
      position = at;
      deadline.set(WAIT_NANOS, this::flush);
    }
    digests.writeBytes(newDigests);
    queueNanos += queued;
    computeNanos += computed;
    if (++tokens == MOST_STEPS) {
      flush();
    }
  }

  /** Tells what was collected. */
  void flush() {
    deadline.clear();
    if (tokens > 0) {
      byte[] collected = digests.toByteArray();
      int count = tokens;
      long queued = queueNanos;
      long computed = computeNanos;
      digests.reset();
      tokens = 0;
      queueNanos = 0;
      computeNanos = 0;
      send(epoch, position, count, count, collected, queued, computed);
    }
  }

  private void send(
      int ofEpoch, int at, int count, int steps, byte[] stated, long queued, long computed) {
    out.send(
        new Message.Computed(
            session,
            ofEpoch,
            range.from(),
            range.to(),
            at,
            count,
            steps,
            stated,
            micros(queued),
            micros(computed)));
  }

  private static int micros(long nanos) {
    return Math.clamp(nanos / 1000, 0, Integer.MAX_VALUE);
  }
}
