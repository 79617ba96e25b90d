package org.folkmoot.peer;

import java.util.List;
import java.util.OptionalLong;
import java.util.Set;
import org.folkmoot.base.Loop;
import org.folkmoot.wire.Message;
import org.folkmoot.wire.PeerAddress;
import org.folkmoot.wire.PeerId;

/** A network on which nothing happens; tests override what they look at. */
public class SilentNetwork implements PeerNetwork {
  private final PeerId self;

  /** Of a peer that is alone. */
  public SilentNetwork(PeerId self) {
    this.self = self;
  }

  @Override
  public PeerId self() {
    return self;
  }

  @Override
  public Loop loop() {
    throw new UnsupportedOperationException("nobody needs the time here");
  }

  @Override
  public void listen(Listener listener) {}

  @Override
  public void ignore(Listener listener) {}

  @Override
  public void know(PeerId peer, List<PeerAddress> addresses) {}

  @Override
  public void hint(PeerId peer, List<PeerAddress> addresses) {}

  @Override
  public void send(PeerId to, Message message) {}

  @Override
  public void connect(PeerId peer) {}

  @Override
  public void watch(PeerId peer) {}

  @Override
  public void unwatch(PeerId peer) {}

  @Override
  public Set<PeerId> connected() {
    return Set.of();
  }

  @Override
  public OptionalLong roundTripNanos(PeerId peer) {
    return OptionalLong.empty();
  }
}
