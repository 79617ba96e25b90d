package org.folkmoot.peer.transport;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelPipeline;
import io.netty.channel.socket.DatagramPacket;
import io.netty.handler.codec.quic.QuicConnectionAddress;
import java.security.SecureRandom;

/**
 * Lets one UDP port listen and dial, which going through routers needs: what a router lets in is
 * what answers a packet of that very port. Connections that we dialled get ids with a prefix of our
 * own (RFC 9000, 5.1), and a packet's destination id tells whose codec it is for.
 *
 * <p>The order is this, the codec of who is dialled, the codec of who dials: a dial comes from the
 * end of the pipeline and must meet the latter first.
 */
final class PortSharing extends ChannelInboundHandlerAdapter {
  /** Bytes of our connections' ids: the most there may be. */
  static final int ID_BYTES = 20;

  /** Bytes at their front: of others' ids one in four thousand million has the same. */
  private static final int PREFIX_BYTES = 4;

  /** The first bit of a packet with a long header, whose id comes later (RFC 9000, 17.2). */
  private static final int LONG_HEADER = 0x80;

  /** Bits of the first byte that tell a packet with a long header; those of Initial are 0. */
  private static final int LONG_TYPE = 0x30;

  /**
   * Bytes of a datagram that may begin a connection (RFC 9000, 14.1): a shorter one with a forged
   * address would have us send more to its owner than it took.
   */
  private static final int FIRST_DATAGRAM = 1200;

  private static final int QUIC_VERSION = 1;

  /** Before the id: flags, version and the id's length; or only flags. */
  private static final int LONG_HEAD = 6;

  private static final int SHORT_HEAD = 1;

  private final SecureRandom random;
  private final int prefix;
  private final ChannelHandler dialled;

  private PortSharing(SecureRandom random, ChannelHandler dialled) {
    this.random = random;
    this.dialled = dialled;
    prefix = random.nextInt();
  }

  /** Puts both codecs on a port. */
  static PortSharing install(
      ChannelPipeline pipeline,
      ChannelHandler dialled,
      ChannelHandler dialling,
      SecureRandom random) {
    PortSharing sharing = new PortSharing(random, dialled);
    pipeline.addLast(sharing, dialled, dialling);
    return sharing;
  }

  /** A fresh id for a connection that we dial. */
  QuicConnectionAddress newId() {
    byte[] id = new byte[ID_BYTES];
    random.nextBytes(id);
    for (int i = 0; i < PREFIX_BYTES; i++) {
      id[i] = (byte) (prefix >>> (24 - 8 * i));
    }
    return new QuicConnectionAddress(id);
  }

  @Override
  public void channelRead(ChannelHandlerContext context, Object message) {
    ByteBuf packet = ((DatagramPacket) message).content();
    if (isOfOurDial(packet)) {
      context.pipeline().context(dialled).fireChannelRead(message);
    } else if (mayBeginNothing(packet)) {
      packet.release();
    } else {
      context.fireChannelRead(message);
    }
  }

  private boolean isOfOurDial(ByteBuf packet) {
    int start = packet.readerIndex();
    if (!packet.isReadable()) {
      return false;
    }
    boolean isLong = (packet.getByte(start) & LONG_HEADER) != 0;
    int head = isLong ? LONG_HEAD : SHORT_HEAD;
    if (packet.readableBytes() < head + ID_BYTES
        || (isLong && packet.getUnsignedByte(start + head - 1) != ID_BYTES)) {
      return false;
    }
    return packet.getInt(start + head) == prefix;
  }

  /** Whether it would be answered to a stranger, and is too short for that. */
  private static boolean mayBeginNothing(ByteBuf packet) {
    int start = packet.readerIndex();
    if (packet.readableBytes() >= FIRST_DATAGRAM || packet.readableBytes() < LONG_HEAD) {
      return packet.readableBytes() < LONG_HEAD;
    }
    int first = packet.getByte(start);
    return (first & LONG_HEADER) != 0
        && ((first & LONG_TYPE) == 0 || packet.getInt(start + 1) != QUIC_VERSION);
  }

  /** A codec keeps this to itself, and sends its packets then: each must be told. */
  @Override
  public void channelReadComplete(ChannelHandlerContext context) {
    context.fireChannelReadComplete();
    ChannelHandlerContext first = context.pipeline().context(dialled);
    if (first != null) {
      first.fireChannelReadComplete();
    }
  }
}
