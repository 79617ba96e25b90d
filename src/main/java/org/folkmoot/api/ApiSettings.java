package org.folkmoot.api;

import static org.folkmoot.base.FolkmootException.Code.BAD_REQUEST;

import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import org.folkmoot.api.http.ConnectionLimits;
import org.folkmoot.base.FolkmootException;

/**
 * How to serve.
 *
 * @param address where to listen
 * @param keys who may call; without keys everyone who can connect, so they are required beyond
 *     loopback
 * @param origins web origins whose pages may call, for example {@code https://chat.example}; {@code
 *     *} for all
 * @param connections what connections may take
 * @param turns how many answers at a time
 * @param stopping how long {@link ApiServer#stop} waits
 */
public record ApiSettings(
    ListenAddress address,
    Optional<ApiKeys> keys,
    Set<String> origins,
    ConnectionLimits connections,
    TurnLimits turns,
    Stopping stopping) {
  /**
   * How long a server that stops waits; less if nothing is left to wait for.
   *
   * @param grace for running answers to end by themselves
   * @param farewell then, for cancelled answers to say so to their clients
   * @param close then, for threads that still run
   */
  public record Stopping(Duration grace, Duration farewell, Duration close) {
    /** A supervisor kills five seconds after SIGTERM. */
    public static final Stopping USUAL =
        new Stopping(Duration.ofSeconds(2), Duration.ofSeconds(1), Duration.ofMillis(500));
  }

  /**
   * How many answers are made at a time, and how many may wait.
   *
   * @param active generations at one time; they share the machine, so more of them are each slower
   * @param activePerClient of these, for one client
   * @param waiting generations that wait for their turn
   * @param waitingPerClient of these, for one client
   */
  public record TurnLimits(int active, int activePerClient, int waiting, int waitingPerClient) {
    /** One person's machine, all its callers one client: 16 share a pass well, 256 may queue. */
    public static final TurnLimits ALONE = new TurnLimits(16, 16, 256, 256);

    /** Several clients: nobody may hold more than half, nor fill the queue. */
    public static final TurnLimits SHARED = new TurnLimits(16, 8, 256, 64);

    /** Checks that somebody can be served. */
    public TurnLimits {
      if (active < 1 || activePerClient < 1 || waiting < 0 || waitingPerClient < 0) {
        throw new FolkmootException(BAD_REQUEST, "a server needs room for one answer at least");
      }
    }
  }

  /** Refuses to be open to a network without keys. */
  public ApiSettings {
    origins = Set.copyOf(origins);
    if (keys.isEmpty() && !address.isLoopback()) {
      throw new FolkmootException(
          BAD_REQUEST,
          "listening on "
              + address
              + " opens this node to the network: give a file of API keys, or listen on 127.0.0.1");
    }
  }

  /** Everything as usual. */
  public static ApiSettings of(ListenAddress address, Optional<ApiKeys> keys) {
    return new ApiSettings(
        address,
        keys,
        Set.of(),
        ConnectionLimits.DEFAULT,
        keys.isPresent() ? TurnLimits.SHARED : TurnLimits.ALONE,
        Stopping.USUAL);
  }

  /** The same, open to pages of these origins. */
  public ApiSettings withOrigins(Set<String> allowed) {
    return new ApiSettings(address, keys, allowed, connections, turns, stopping);
  }
}
