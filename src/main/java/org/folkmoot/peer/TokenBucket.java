package org.folkmoot.peer;

/** So much at once, and so much a second from then on. */
public final class TokenBucket {
  private final double most;
  private final double perSecond;
  private double tokens;
  private long filledNanos;

  /** A full one. */
  public TokenBucket(double most, double perSecond, long nowNanos) {
    this.most = most;
    this.perSecond = perSecond;
    tokens = most;
    filledNanos = nowNanos;
  }

  /** Takes some if there are as many. */
  public boolean take(double amount, long nowNanos) {
    fill(nowNanos);
    if (tokens < amount) {
      return false;
    }
    tokens -= amount;
    return true;
  }

  /** When there will be one. */
  public long nanosUntilOne(long nowNanos) {
    fill(nowNanos);
    return tokens >= 1 ? 0 : (long) Math.ceil((1 - tokens) / perSecond * 1e9);
  }

  private void fill(long nowNanos) {
    tokens = Math.min(most, tokens + (nowNanos - filledNanos) * 1e-9 * perSecond);
    filledNanos = nowNanos;
  }
}
