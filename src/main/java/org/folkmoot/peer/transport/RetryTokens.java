package org.folkmoot.peer.transport;

import io.netty.buffer.ByteBuf;
import io.netty.handler.codec.quic.Quic;
import io.netty.handler.codec.quic.QuicTokenHandler;
import io.netty.util.concurrent.Ticker;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.Arrays;
import java.util.function.Predicate;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * Address validation of QUIC (RFC 9000, 8.1.2): while many strangers are here, who comes must show
 * a token that was sent to its address, so that forged addresses take no places. A token is the
 * second at which it was made, a MAC over that, the address and the connection id, and that id.
 */
final class RetryTokens implements QuicTokenHandler {
  /** Two round trips to the other end of the earth, with losses. */
  private static final Duration VALID = Duration.ofSeconds(10);

  private static final String MAC = "HmacSHA256";
  private static final int SECOND_BYTES = 4;

  /** 128 bits cannot be guessed, and the token stays short. */
  private static final int MAC_BYTES = 16;

  private static final int HEAD = SECOND_BYTES + MAC_BYTES;

  private final SecretKeySpec secret;
  private final Ticker ticker;
  private final Predicate<InetSocketAddress> trusted;
  private final Predicate<InetSocketAddress> welcome;

  /**
   * Tokens of one transport.
   *
   * @param secret 32 random bytes
   * @param trusted whether an address needs no token
   * @param welcome whether one with a token is answered; asked before anything is kept of it, for
   *     its first packet is the dearest
   */
  RetryTokens(
      byte[] secret,
      Ticker ticker,
      Predicate<InetSocketAddress> trusted,
      Predicate<InetSocketAddress> welcome) {
    this.secret = new SecretKeySpec(secret, MAC);
    this.ticker = ticker;
    this.trusted = trusted;
    this.welcome = welcome;
  }

  @Override
  public boolean writeToken(ByteBuf out, ByteBuf connectionId, InetSocketAddress from) {
    if (trusted.test(from)) {
      return false;
    }
    int second = second();
    byte[] id = bytes(connectionId);
    out.writeInt(second).writeBytes(mac(second, id, from)).writeBytes(id);
    return true;
  }

  @Override
  public int validateToken(ByteBuf token, InetSocketAddress from) {
    byte[] all = bytes(token);
    if (all.length < HEAD || all.length > maxTokenLength()) {
      return -1;
    }
    int second = ByteBuffer.wrap(all).getInt();
    byte[] mac = Arrays.copyOfRange(all, SECOND_BYTES, HEAD);
    byte[] id = Arrays.copyOfRange(all, HEAD, all.length);
    int age = second() - second;
    boolean valid =
        age >= 0
            && age <= VALID.toSeconds()
            && MessageDigest.isEqual(mac, mac(second, id, from))
            && welcome.test(from);
    return valid ? HEAD : -1;
  }

  @Override
  public int maxTokenLength() {
    return HEAD + Quic.MAX_CONN_ID_LEN;
  }

  private int second() {
    return (int) Duration.ofNanos(ticker.nanoTime()).toSeconds();
  }

  private byte[] mac(int second, byte[] connectionId, InetSocketAddress from) {
    try {
      Mac mac = Mac.getInstance(MAC);
      mac.init(secret);
      mac.update(ByteBuffer.allocate(8).putInt(second).putInt(from.getPort()).array());
      mac.update(from.getAddress().getAddress());
      return Arrays.copyOf(mac.doFinal(connectionId), MAC_BYTES);
    } catch (GeneralSecurityException everyJdkHasIt) {
      throw new IllegalStateException(everyJdkHasIt);
    }
  }

  private static byte[] bytes(ByteBuf buffer) {
    byte[] bytes = new byte[buffer.readableBytes()];
    buffer.getBytes(buffer.readerIndex(), bytes);
    return bytes;
  }
}
