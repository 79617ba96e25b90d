package org.folkmoot.peer.transport;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.ssl.SslHandler;

/** Carries a link's bytes over TLS. */
final class TlsCarrier implements ChannelLink.Carrier {
  private final Channel channel;

  TlsCarrier(Channel channel) {
    this.channel = channel;
  }

  @Override
  public Channel channel() {
    return channel;
  }

  /**
   * Says that nothing more comes and waits for the other side to hang up: a socket closed while
   * bytes arrive is reset, and what the other side has not read yet is lost (RFC 2525, 2.17).
   */
  @Override
  public void finish() {
    var _ = channel.close();
  }

  @Override
  public void abort() {
    ChannelHandlerContext tls = channel.pipeline().context(SslHandler.class);
    if (tls == null) {
      var _ = channel.close();
    } else {
      // From there on, that is without a farewell, for which somebody would have to wait.
      var _ = tls.close();
    }
  }
}
