package org.folkmoot.cli.swarm;

import static org.folkmoot.base.FolkmootException.Code.NOT_FOUND;
import static org.folkmoot.base.FolkmootException.Code.UNREACHABLE;
import static org.folkmoot.base.FolkmootException.Code.WRONG_HASH;

import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.folkmoot.base.Bounded;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.base.Hash32;
import org.folkmoot.peer.Links;
import org.folkmoot.peer.PeerNetwork;
import org.folkmoot.wire.Announcement;
import org.folkmoot.wire.Message;
import org.folkmoot.wire.PeerId;

/** Texts of declared policies: given to whoever asks, and asked of others. */
final class Policies implements PeerNetwork.Listener {
  private static final long PATIENCE_SECONDS = 20;

  /** One text a second is enough for anyone, and bounds what a peer can make this node send. */
  private static final long BETWEEN_NANOS = 1_000_000_000L;

  /** Peers whose last request is remembered: more than have links at a time. */
  private static final int MAX_ASKERS = 1024;

  private final Links links;
  private final Map<PeerId, Long> answered = new Bounded<>(MAX_ASKERS);
  private final Map<PeerId, CompletableFuture<byte[]>> asked = new HashMap<>();
  private byte[] own = new byte[0];

  Policies(Links links) {
    this.links = links;
    links.listen(this);
  }

  /** Gives a text to whoever asks from now on. On the loop. */
  void give(byte[] text) {
    own = text.clone();
  }

  @Override
  public void received(PeerId from, Message message) {
    switch (message) {
      case Message.PolicyRequest _ -> answer(from);
      case Message.PolicyText text -> {
        CompletableFuture<byte[]> waiting = asked.remove(from);
        if (waiting != null) {
          waiting.complete(text.text());
        }
      }
      default -> {} // for others
    }
  }

  private void answer(PeerId from) {
    long now = links.loop().nanoTime();
    Long last = answered.get(from);
    if (last == null || now - last >= BETWEEN_NANOS) {
      answered.put(from, now);
      links.send(from, new Message.PolicyText(own));
    }
  }

  @Override
  public void lost(PeerId peer, Message.Reason reason) {
    CompletableFuture<byte[]> waiting = asked.remove(peer);
    if (waiting != null) {
      waiting.completeExceptionally(
          new FolkmootException(UNREACHABLE, "the peer " + peer + " went away"));
    }
  }

  /**
   * The text of what a peer declares. Not to be called on the loop.
   *
   * @throws FolkmootException NOT_FOUND if it declares nothing; UNREACHABLE if it does not answer;
   *     WRONG_HASH if it gives another text than it announces
   */
  byte[] fetch(SwarmNode node, Announcement of) {
    Hash32 declared =
        of.policy()
            .orElseThrow(() ->
                new FolkmootException(
                    NOT_FOUND, "the peer %s declares no policy".formatted(of.peer())));
    CompletableFuture<byte[]> done = new CompletableFuture<>();
    node.run(() -> {
      asked.put(of.peer(), done);
      links.know(of.peer(), of.addresses());
      links.send(of.peer(), new Message.PolicyRequest());
    });
    byte[] text;
    try {
      text = done.get(PATIENCE_SECONDS, TimeUnit.SECONDS);
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      throw new FolkmootException(UNREACHABLE, "interrupted", interrupted);
    } catch (TimeoutException | ExecutionException failed) {
      throw new FolkmootException(
          UNREACHABLE,
          "the peer %s did not give its policy: try again, or another peer".formatted(of.peer()),
          failed);
    } finally {
      node.run(() -> asked.remove(of.peer(), done));
    }
    if (!Hash32.sha256(text).equals(declared)) {
      throw new FolkmootException(
          WRONG_HASH,
          "the peer %s gives another text than the policy that it announces: refuse it with --no-policy"
              .formatted(of.peer()));
    }
    return text;
  }
}
