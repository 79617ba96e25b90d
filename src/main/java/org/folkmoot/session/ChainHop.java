package org.folkmoot.session;

import org.folkmoot.wire.Message;
import org.folkmoot.wire.PeerId;
import org.folkmoot.wire.SignedStatement;
import org.jspecify.annotations.Nullable;

/** A hop of a chain as its client sees it. */
final class ChainHop {
  /** How far a hop has come. */
  enum State {
    /** Asked to take its seat. */
    NEW,
    /** Has its seat. */
    LIVE,
    /** To be replaced. */
    LOST
  }

  final HopPlan plan;
  State state = State.NEW;

  /** The epoch in which it was asked. */
  int since;

  /** The position from which on its part of the answer counts. */
  int servesFrom;

  /** Whether it has taken its seat; it is live when all that are new beside it have. */
  boolean opened;

  @Nullable SignedStatement signed;

  private int computedTo;

  private long stepNanos;
  private int stepTokens;

  /** Its share of what a token takes beyond all that is told and known, by the latest ones. */
  private long unexplainedNanos;

  ChainHop(HopPlan plan) {
    this.plan = plan;
  }

  PeerId peer() {
    return plan.peer();
  }

  /** Where the next hop finds it. */
  Message.Contact contact() {
    return new Message.Contact(peer(), plan.addresses());
  }

  /** Who has no seat for a session does not know the epoch of the one it had. */
  boolean isMeant(PeerId from, Message.Refused refusal) {
    boolean hadSeat = refusal.reason() == Message.Reason.NO_SESSION && state == State.LIVE;
    return peer().equals(from) && state != State.LOST && (hadSeat || refusal.epoch() >= since);
  }

  /**
   * Notes what it says of what it computed.
   *
   * @param certain positions of the report that still count
   * @return whether it has come further: what it says again is no progress
   */
  boolean computed(Message.Computed report, int certain) {
    if (report.steps() == report.tokens()) {
      stepNanos += 1000L * report.computeMicros();
      stepTokens += report.tokens();
    }
    int before = computedTo;
    computedTo = Math.max(before, Math.min(certain, report.position() + report.tokens()));
    return computedTo > before;
  }

  /** Other tokens come from a position on. */
  void takeBack(int position) {
    computedTo = Math.min(computedTo, position);
  }

  /** Positions before this one it has computed, by its own reports. */
  int computedTo() {
    return computedTo;
  }

  /** Tokens of a report that were steps of their own. */
  static int single(Message.Computed report) {
    return report.steps() == report.tokens() ? report.tokens() : 0;
  }

  /** What the steps of a report took, by its word and by what it cannot explain. */
  long nanos(Message.Computed report) {
    return 1000L * report.computeMicros() + single(report) * unexplainedNanos;
  }

  /** Notes its share of what a token took that nobody explains. */
  void charge(long nanos) {
    unexplainedNanos += (nanos - unexplainedNanos) / 4;
  }

  /** Whether it has said what a token takes. */
  boolean hasTold() {
    return stepTokens > 0;
  }

  /** What it says that it spent computing one token, in nanoseconds. */
  long nanosPerToken() {
    return stepNanos / Math.max(1, stepTokens);
  }
}
