package org.folkmoot.store;

import java.net.ConnectException;
import java.net.http.HttpTimeoutException;
import java.nio.channels.UnresolvedAddressException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import javax.net.ssl.SSLException;

/**
 * What to tell a person about an exception of the JDK, whose messages are often empty or a path.
 */
final class Reason {
  private Reason() {}

  static String of(Throwable failure) {
    return switch (failure) {
      case AccessDeniedException _ -> "permission denied";
      case NoSuchFileException _ -> "no such file";
      case FileSystemException file when file.getReason() != null -> file.getReason();
      case ConnectException refused ->
          isUnresolved(refused) ? "no such host, or no network" : "no connection";
      case HttpTimeoutException _ -> "no answer in time";
      case SSLException tls -> "no secure connection: " + message(tls);
      default -> message(failure);
    };
  }

  /** The JDK's client wraps what it could not resolve once or twice. */
  private static boolean isUnresolved(Throwable failure) {
    for (Throwable t = failure; t != null; t = t.getCause()) {
      if (t instanceof UnresolvedAddressException) {
        return true;
      }
    }
    return false;
  }

  private static String message(Throwable failure) {
    String message = failure.getMessage();
    return message == null ? failure.getClass().getSimpleName() : message;
  }
}
