package org.folkmoot.peer.transport;

import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.handler.codec.quic.QuicChannel;
import io.netty.handler.codec.quic.QuicStreamChannel;

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
   * Ends our stream and waits for the other side, once it has read all, to close the connection:
   * closing it ourselves would drop what is under way (RFC 9000, 10.2).
   */
  @Override
  public void finish() {
    var _ = outward.shutdownOutput();
  }

  @Override
  public void abort() {
    hangUp(connection);
  }

  static void hangUp(QuicChannel connection) {
    var _ = connection.close(true, 0, Unpooled.EMPTY_BUFFER);
  }
}
