package org.folkmoot.peer.relay;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.folkmoot.peer.Links;
import org.folkmoot.peer.PeerNetwork;
import org.folkmoot.peer.PeerTransport;
import org.folkmoot.peer.TokenBucket;
import org.folkmoot.wire.Message;
import org.folkmoot.wire.Message.DialBack;
import org.folkmoot.wire.Message.DialedBack;
import org.folkmoot.wire.PeerAddress;
import org.folkmoot.wire.PeerId;

/**
 * Tries for other peers whether they can be dialled. Nobody is dialled but who asks, where it is
 * seen to be: this is no way to have a peer knock at other people's doors. On the loop only.
 */
final class DialBacks implements PeerNetwork.Listener {
  /** As many at once as may start together in an office, then one every two seconds. */
  private static final int AT_ONCE = 16;

  private static final double PER_SECOND = 0.5;

  /** Two transports at one host. */
  private static final int MAX_ADDRESSES = 2;

  private final Links links;
  private final List<PeerTransport> transports;
  private final TokenBucket pace;
  private final Set<PeerId> underWay = new HashSet<>();

  DialBacks(Links links, List<PeerTransport> transports) {
    this.links = links;
    this.transports = List.copyOf(transports);
    pace = new TokenBucket(AT_ONCE, PER_SECOND, links.loop().nanoTime());
  }

  @Override
  public void received(PeerId from, Message message) {
    if (message instanceof DialBack(List<PeerAddress> addresses)
        && !underWay.contains(from)
        && pace.take(1, links.loop().nanoTime())) {
      Optional<PeerAddress> seen = links.remoteAddress(from);
      Deque<PeerAddress> untried = new ArrayDeque<>();
      for (PeerAddress address : addresses) {
        boolean there = seen.isPresent() && seen.get().host().equals(address.host());
        if (there && transport(address).isPresent() && untried.size() < MAX_ADDRESSES) {
          untried.add(address);
        }
      }
      underWay.add(from);
      tryNext(from, untried);
    }
  }

  private Optional<PeerTransport> transport(PeerAddress address) {
    return transports.stream().filter(each -> each.scheme() == address.scheme()).findFirst();
  }

  private void tryNext(PeerId peer, Deque<PeerAddress> untried) {
    PeerAddress address = untried.poll();
    if (address == null) {
      answer(peer, false);
      return;
    }
    transport(address)
        .orElseThrow()
        .dial(
            address,
            peer,
            new PeerTransport.Dialled() {
              @Override
              public PeerTransport.Receiver connected(PeerTransport.Link link) {
                link.close("only tried whether it can be dialled");
                links.loop().execute(() -> answer(peer, true));
                return new Unwanted();
              }

              @Override
              public void failed(String why) {
                links.loop().execute(() -> tryNext(peer, untried));
              }
            });
  }

  private void answer(PeerId peer, boolean reached) {
    underWay.remove(peer);
    if (links.connected().contains(peer)) {
      links.send(peer, new DialedBack(reached));
    }
  }
}
