package org.folkmoot.peer.transport;

import io.netty.handler.codec.quic.QuicChannel;
import io.netty.util.concurrent.ScheduledFuture;
import io.netty.util.concurrent.Ticker;
import java.net.InetSocketAddress;
import java.util.concurrent.TimeUnit;
import org.folkmoot.peer.TokenBucket;
import org.folkmoot.peer.transport.Gate.Pass;

/**
 * Lets those in who dial us by QUIC, within the bounds. To take a first packet in costs a quarter
 * of a millisecond of the thread that carries links, for the native code then answers with our
 * certificate and a signature; to ask for a token costs a twentieth of that and keeps nothing. So
 * whoever finds no room is asked for a token, too, and of those who bring one only some are told
 * that there is none. On the connections' thread.
 */
final class QuicDoor {
  /** Who are told in one go that there is no room: peers that start again together. */
  private static final int REFUSALS = 32;

  /** And in each second from then on: a two-hundredth of the thread's time. */
  private static final int REFUSALS_PER_SECOND = 16;

  private final LinkTable links;
  private final boolean listening;
  private final Ticker ticker;
  private final TokenBucket refusals;

  QuicDoor(LinkTable links, boolean listening, Ticker ticker) {
    this.links = links;
    this.listening = listening;
    this.ticker = ticker;
    refusals = new TokenBucket(REFUSALS, REFUSALS_PER_SECOND, ticker.nanoTime());
  }

  /** Whether an address need not be proved: there is room for it, and nobody seems to forge any. */
  boolean trusts(InetSocketAddress from) {
    return listening && links.gate().isQuiet() && links.gate().hasRoom(from.getAddress());
  }

  /** Whether one who has proved its address is taken in, be it only to be refused. */
  boolean answers(InetSocketAddress from) {
    return listening
        && (links.gate().hasRoom(from.getAddress()) || refusals.take(1, ticker.nanoTime()));
  }

  /** Gives a connection a place among the strangers and the time of a handshake, or refuses it. */
  void admit(QuicChannel connection) {
    Pass pass =
        connection.remoteSocketAddress() instanceof InetSocketAddress from
            ? links.gate().admit(from.getAddress())
            : null;
    if (pass == null) {
      QuicCarrier.refuse(connection);
      return;
    }
    connection.attr(Pass.KEY).set(pass);
    ScheduledFuture<?> tooLate =
        connection
            .eventLoop()
            .schedule(
                () -> {
                  if (pass.ofStranger()) {
                    QuicCarrier.hangUp(connection);
                  }
                },
                links.limits().handshake().toNanos(),
                TimeUnit.NANOSECONDS);
    connection
        .closeFuture()
        .addListener(_ -> {
          pass.release();
          tooLate.cancel(false);
        });
  }
}
