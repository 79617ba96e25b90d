package org.folkmoot.peer.transport;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.util.concurrent.MockTicker;
import io.netty.util.concurrent.Ticker;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class RetryTokensTest {
  private static final InetSocketAddress FROM =
      new InetSocketAddress(InetAddress.ofLiteral("192.0.2.1"), 4000);

  private final MockTicker ticker = Ticker.newMockTicker();
  private boolean room = true;
  private final RetryTokens tokens =
      new RetryTokens(new byte[32], ticker, from -> false, from -> room);

  @Test
  void aTokenNamesTheIdItWasGivenTo() {
    ByteBuf token = token();
    int offset = tokens.validateToken(token, FROM);
    assertThat(token.slice(offset, token.readableBytes() - offset)).isEqualTo(id());
    assertThat(token.readableBytes()).isLessThanOrEqualTo(tokens.maxTokenLength());
  }

  @Test
  void aTokenIsForItsAddressOnly() {
    for (String other : new String[] {"192.0.2.2", "2001:db8::1"}) {
      InetSocketAddress address = new InetSocketAddress(InetAddress.ofLiteral(other), 4000);
      assertThat(tokens.validateToken(token(), address)).isEqualTo(-1);
    }
    assertThat(tokens.validateToken(token(), new InetSocketAddress(FROM.getAddress(), 4001)))
        .isEqualTo(-1);
  }

  @Test
  void aTokenEnds() {
    ByteBuf token = token();
    ticker.advance(10, TimeUnit.SECONDS);
    assertThat(tokens.validateToken(token, FROM)).isPositive();
    ticker.advance(1, TimeUnit.SECONDS);
    assertThat(tokens.validateToken(token, FROM)).isEqualTo(-1);
  }

  @Test
  void anAlteredTokenIsNone() {
    ByteBuf token = token();
    for (int i = 0; i < token.readableBytes(); i++) {
      ByteBuf altered = token.copy();
      altered.setByte(i, altered.getByte(i) ^ 1);
      assertThat(tokens.validateToken(altered, FROM)).as("byte %d", i).isEqualTo(-1);
      assertThat(tokens.validateToken(token.slice(0, i), FROM)).as("cut at %d", i).isEqualTo(-1);
    }
    assertThat(tokens.validateToken(Unpooled.buffer().writeZero(1000), FROM)).isEqualTo(-1);
  }

  @Test
  void aTokenOfAnotherSecretIsNone() {
    byte[] secret = new byte[32];
    secret[31] = 1;
    RetryTokens others = new RetryTokens(secret, ticker, from -> false, from -> true);
    assertThat(others.validateToken(token(), FROM)).isEqualTo(-1);
  }

  @Test
  void whereNoRoomIsNoTokenHelps() {
    ByteBuf token = token();
    room = false;
    assertThat(tokens.validateToken(token, FROM)).isEqualTo(-1);
  }

  @Test
  void whereItIsQuietNoneIsAskedFor() {
    RetryTokens quiet = new RetryTokens(new byte[32], ticker, from -> true, from -> true);
    ByteBuf out = Unpooled.buffer();
    assertThat(quiet.writeToken(out, id(), FROM)).isFalse();
    assertThat(out.isReadable()).isFalse();
  }

  private ByteBuf token() {
    ByteBuf out = Unpooled.buffer();
    assertThat(tokens.writeToken(out, id(), FROM)).isTrue();
    return out;
  }

  private static ByteBuf id() {
    return Unpooled.wrappedBuffer(new byte[] {1, 2, 3, 4, 5, 6, 7, 8});
  }
}
