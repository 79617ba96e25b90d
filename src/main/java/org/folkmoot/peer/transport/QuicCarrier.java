package org.folkmoot.peer.transport;

import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.handler.codec.quic.QuicChannel;
import io.netty.handler.codec.quic.QuicStreamChannel;
import io.netty.handler.codec.quic.QuicTransportError;

/** Carries a link's bytes over QUIC: each side has one stream to the other. */
final class QuicCarrier implements ChannelLink.Carrier {
  private final QuicChannel connection;
  private final QuicStreamChannel outward;

  QuicCarrier(QuicChannel connection, QuicStreamChannel outward) {
    this.connection = connection;
    this.outward = outward;
  }

  @Override
  public Channel channel() {
    return outward;
  }

  /**
   * Ends our stream and waits for the other side, once it has read all, to end its own: closing the
   * connection before would drop what is under way (RFC 9000, 10.2).
   */
  @Override
  public void finish() {
    var _ = outward.shutdownOutput();
  }

  /**
   * The other side's stream has ended. If ours has, too, all is said, and we close the connection:
   * with nothing under way there is room for the farewell. Else it is for the other side to close.
   */
  void remoteFinished(ChannelLink link) {
    if (link.closing()) {
      hangUp(connection);
    } else {
      link.remoteFinished();
      var _ = outward.shutdownOutput(0);
    }
  }

  @Override
  public void abort() {
    hangUp(connection);
  }

  /** Closes a connection, later: in the midst of receiving, its farewell would not be sent. */
  static void hangUp(QuicChannel connection) {
    hangUp(connection, true, 0);
  }

  /** The same, saying that there is no room for it (RFC 9000, 20.1). */
  static void refuse(QuicChannel connection) {
    hangUp(connection, false, (int) QuicTransportError.CONNECTION_REFUSED.code());
  }

  private static void hangUp(QuicChannel connection, boolean application, int error) {
    connection
        .eventLoop()
        .execute(() -> {
          var _ = connection.close(application, error, Unpooled.EMPTY_BUFFER);
        });
  }
}
