package org.folkmoot.simulation;

import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import org.folkmoot.base.Hash32;
import org.folkmoot.base.Loop;
import org.folkmoot.peer.PeerNetwork;
import org.folkmoot.wire.HopStatement;
import org.folkmoot.wire.Message;
import org.folkmoot.wire.PeerAddress;
import org.folkmoot.wire.PeerId;
import org.folkmoot.wire.SignedStatement;

/**
 * The network as a peer sees it that computes rightly and signs something else, or keeps things to
 * itself.
 *
 * @param says what it signs instead
 * @param withholds what it never sends
 */
record FalseWitness(
    PeerNetwork network, UnaryOperator<HopStatement> says, Predicate<Message> withholds)
    implements PeerNetwork {
  @Override
  public PeerId self() {
    return network.self();
  }

  @Override
  public Loop loop() {
    return network.loop();
  }

  @Override
  public void listen(Listener listener) {
    network.listen(listener);
  }

  @Override
  public void ignore(Listener listener) {
    network.ignore(listener);
  }

  @Override
  public void know(PeerId peer, List<PeerAddress> addresses) {
    network.know(peer, addresses);
  }

  @Override
  public void hint(PeerId peer, List<PeerAddress> addresses) {
    network.hint(peer, addresses);
  }

  @Override
  public void send(PeerId to, Message message) {
    if (message instanceof Message.Attested(SignedStatement signed)) {
      HopStatement other = says.apply(signed.statement());
      byte[] signature = SimPeer.signer(self()).sign(other.signedBytes());
      network.send(to, new Message.Attested(new SignedStatement(self(), other, signature)));
    } else if (!withholds.test(message)) {
      network.send(to, message);
    }
  }

  @Override
  public void connect(PeerId peer) {
    network.connect(peer);
  }

  @Override
  public void watch(PeerId peer) {
    network.watch(peer);
  }

  @Override
  public void unwatch(PeerId peer) {
    network.unwatch(peer);
  }

  @Override
  public Set<PeerId> connected() {
    return network.connected();
  }

  @Override
  public OptionalLong roundTripNanos(PeerId peer) {
    return network.roundTripNanos(peer);
  }

  /** A statement with other roots or tokens. */
  static HopStatement with(
      HopStatement s, Hash32 inputs, Hash32 outputs, Optional<HopStatement.Sampled> sampled) {
    return new HopStatement(
        s.session(),
        s.model(),
        s.adapters(),
        s.range(),
        s.length(),
        s.traceKeyHash(),
        inputs,
        outputs,
        sampled,
        s.policy());
  }
}
