package org.folkmoot.simulation;

import java.nio.ByteBuffer;
import java.util.Arrays;
import org.folkmoot.base.Hash32;
import org.folkmoot.peer.relay.CircuitGuard;
import org.folkmoot.wire.PeerId;
import org.jspecify.annotations.Nullable;

/** Keys that are said, not proved: for simulations in which nobody lies about who it is. */
final class SimGuard implements CircuitGuard {
  private final PeerId self;

  SimGuard(PeerId self) {
    this.self = self;
  }

  @Override
  public Session dial(PeerId expected, End end) {
    Said session = new Said(end, expected);
    session.introduce();
    return session;
  }

  @Override
  public Session accept(End end) {
    return new Said(end, null);
  }

  private final class Said implements Session {
    private final End end;
    private final @Nullable PeerId expected;
    private byte[] left = {};
    private boolean proved;
    private boolean over;

    Said(End end, @Nullable PeerId expected) {
      this.end = end;
      this.expected = expected;
    }

    void introduce() {
      end.transmit(self.key().bytes());
    }

    @Override
    public void received(byte[] bytes) {
      byte[] all = Arrays.copyOf(left, left.length + bytes.length);
      System.arraycopy(bytes, 0, all, left.length, bytes.length);
      ByteBuffer in = ByteBuffer.wrap(all);
      if (!proved && in.remaining() >= Hash32.BYTES) {
        proved(in);
      }
      while (proved
          && !over
          && in.remaining() >= 4
          && in.remaining() - 4 >= in.getInt(in.position())) {
        byte[] frame = new byte[in.getInt()];
        in.get(frame);
        end.frame(frame);
      }
      left = Arrays.copyOfRange(all, in.position(), all.length);
    }

    private void proved(ByteBuffer in) {
      byte[] key = new byte[Hash32.BYTES];
      in.get(key);
      PeerId peer = new PeerId(Hash32.of(key));
      if (expected != null && !expected.equals(peer)) {
        over = true;
        end.broken("another peer answers");
        return;
      }
      proved = true;
      if (expected == null) {
        introduce();
      }
      end.proved(peer);
    }

    @Override
    public void send(byte[] frame) {
      end.transmit(ByteBuffer.allocate(4 + frame.length).putInt(frame.length).put(frame).array());
    }

    @Override
    public void close() {
      over = true;
    }
  }
}
