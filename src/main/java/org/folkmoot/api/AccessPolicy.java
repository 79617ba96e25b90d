package org.folkmoot.api;

import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import org.folkmoot.api.openai.ApiException;

/**
 * Who may call: a pure decision over a request's headers.
 *
 * <p>A node on loopback trusts whoever sits at the machine. Web pages that this person visits are
 * not that person: a page can send requests to loopback (they carry {@code Origin}), and can make
 * its own host name point to loopback (DNS rebinding; then {@code Host} is that name). So on
 * loopback the host must be one that means loopback, and everywhere an origin other than the
 * server's own must have been allowed.
 */
final class AccessPolicy {
  private static final Set<String> LOOPBACK_HOSTS = Set.of("localhost", "127.0.0.1", "[::1]");
  private static final String BEARER = "bearer ";

  private final Optional<ApiKeys> keys;
  private final Set<String> origins;
  private final boolean loopback;
  private final String boundHost;

  AccessPolicy(ApiSettings settings) {
    keys = settings.keys();
    origins = settings.origins();
    loopback = settings.address().isLoopback();
    boundHost = hostOf(settings.address().toString());
  }

  /**
   * Checks the Host header.
   *
   * @throws ApiException 403
   */
  void checkHost(Optional<String> host) {
    String name = hostOf(host.orElse(""));
    if (loopback && !LOOPBACK_HOSTS.contains(name) && !name.equals(boundHost)) {
      throw ApiException.refused(
          403, "host_refused", "this server is only reachable as localhost or 127.0.0.1");
    }
  }

  /**
   * The origin to which answers may be shown, if the request names one that is not the server's
   * own.
   *
   * @throws ApiException 403 if it is not allowed
   */
  Optional<String> checkOrigin(Optional<String> origin, Optional<String> host) {
    if (origin.isEmpty() || origin.get().equals("http://" + host.orElse(""))) {
      return Optional.empty();
    }
    if (!origins.contains("*") && !origins.contains(origin.get())) {
      throw ApiException.refused(
          403, "origin_refused", "web pages of this origin may not call: see --allow-origin");
    }
    return origin;
  }

  /**
   * Who calls: the name of the key, or the address where no keys are needed.
   *
   * @throws ApiException 401
   */
  String client(Optional<String> authorization, String address) {
    if (keys.isEmpty()) {
      return address;
    }
    String header = authorization.orElse("");
    if (!header.toLowerCase(Locale.ROOT).startsWith(BEARER)) {
      throw ApiException.refused(
          401, "invalid_api_key", "an API key is needed: send Authorization: Bearer KEY");
    }
    return keys.get()
        .clientOf(header.substring(BEARER.length()).strip())
        .orElseThrow(
            () -> ApiException.refused(401, "invalid_api_key", "this API key is not known here"));
  }

  private static String hostOf(String hostAndPort) {
    int colon = hostAndPort.lastIndexOf(':');
    boolean hasPort = colon > hostAndPort.lastIndexOf(']');
    return (hasPort ? hostAndPort.substring(0, colon) : hostAndPort).toLowerCase(Locale.ROOT);
  }
}
