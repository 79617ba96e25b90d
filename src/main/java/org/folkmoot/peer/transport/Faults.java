package org.folkmoot.peer.transport;

import io.netty.channel.ConnectTimeoutException;
import io.netty.handler.codec.quic.QuicClosedChannelException;
import io.netty.handler.codec.quic.QuicConnectionCloseEvent;
import io.netty.handler.codec.quic.QuicTransportError;
import io.netty.handler.ssl.NotSslRecordException;
import io.netty.handler.ssl.SslHandshakeTimeoutException;
import java.io.IOException;
import java.net.ConnectException;
import java.net.NoRouteToHostException;
import java.net.UnknownHostException;
import java.nio.channels.ClosedChannelException;
import java.security.cert.CertificateException;
import javax.net.ssl.SSLException;
import org.folkmoot.wire.PeerAddress;

/** What went wrong with a connection, for people. */
final class Faults {
  /** The part of an error of QUIC that is one of TLS (RFC 9001, 4.8). */
  private static final int TLS_ALERT = 0xff;

  private Faults() {}

  /** Why a dial failed: a sentence about an address. */
  static String dial(PeerAddress address, Throwable fault) {
    return address + " " + predicate(fault);
  }

  private static String predicate(Throwable fault) {
    for (Throwable cause = fault; cause != null; cause = cause.getCause()) {
      switch (cause) {
        case CertificateException wrong -> {
          return String.valueOf(wrong.getMessage());
        }
        case UnknownHostException unknown -> {
          return "has a name that is not known here";
        }
        case ConnectTimeoutException silent -> {
          return "does not answer";
        }
        case NoRouteToHostException unreachable -> {
          return "cannot be reached from here";
        }
        case ConnectException refused -> {
          return "can be reached, but no peer listens there";
        }
        case SslHandshakeTimeoutException slow -> {
          return "answers, but did not finish the handshake";
        }
        case NotSslRecordException other -> {
          return "answers, but is no peer";
        }
        case QuicClosedChannelException closed when closed.event() != null -> {
          return why(closed.event());
        }
        default -> {}
      }
    }
    return fault instanceof ClosedChannelException
        ? "closed the connection: it may be full"
        : "cannot be linked to: " + text(fault);
  }

  /** Why the other side closed a connection of QUIC: what it said of itself. */
  static String why(QuicConnectionCloseEvent said) {
    if (said.isTlsError()) {
      return "refused the handshake (TLS alert %d)".formatted(said.error() & TLS_ALERT);
    }
    return !said.isApplicationClose()
            && said.error() == QuicTransportError.CONNECTION_REFUSED.code()
        ? "has no room for one more link now"
        : "closed the connection (QUIC error %d)".formatted(said.error());
  }

  /** Why a link broke. */
  static String broken(Throwable fault) {
    for (Throwable cause = fault; cause != null; cause = cause.getCause()) {
      if (cause instanceof SSLException) {
        return "the other side refused the link, or its bytes were altered: " + text(cause);
      }
    }
    return fault instanceof IOException
        ? "the connection broke: " + text(fault)
        : "the other side sent what cannot be read";
  }

  private static String text(Throwable fault) {
    String message = fault.getMessage();
    return message == null ? fault.getClass().getSimpleName() : message;
  }
}
