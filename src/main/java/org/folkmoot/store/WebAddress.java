package org.folkmoot.store;

import static org.folkmoot.base.FolkmootException.Code.BAD_REQUEST;

import java.net.URI;
import java.util.Locale;
import java.util.regex.Pattern;
import org.folkmoot.base.FolkmootException;

/**
 * Which web addresses may be fetched: {@code https}, and {@code http} only on this machine, where
 * nobody sits between. The rule holds for every step of a redirect.
 */
final class WebAddress {
  /** Literals only: a name that resolves to loopback today may resolve elsewhere tomorrow. */
  private static final Pattern LOOPBACK =
      Pattern.compile("localhost|127(\\.\\d{1,3}){3}|\\[::1]", Pattern.CASE_INSENSITIVE);

  private WebAddress() {}

  /**
   * Checks an address.
   *
   * @throws FolkmootException BAD_REQUEST if it must not be fetched
   */
  static void requireAllowed(URI uri) {
    String scheme = uri.getScheme() == null ? "" : uri.getScheme().toLowerCase(Locale.ROOT);
    String host = uri.getHost();
    if (host == null || uri.getRawPath() == null) {
      throw new FolkmootException(BAD_REQUEST, "that address names no host");
    }
    if (uri.getRawUserInfo() != null) {
      throw new FolkmootException(
          BAD_REQUEST, "an address with a password in it would end up in manifests: leave it out");
    }
    boolean allowed =
        switch (scheme) {
          case "https" -> true;
          case "http" -> LOOPBACK.matcher(host).matches();
          default -> false;
        };
    if (!allowed) {
      throw new FolkmootException(
          BAD_REQUEST,
          scheme + "://" + host + " cannot be used: only https is, and http on this machine");
    }
  }
}
