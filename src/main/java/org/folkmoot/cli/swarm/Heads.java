package org.folkmoot.cli.swarm;

import static org.folkmoot.base.FolkmootException.Code.UNREACHABLE;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.base.Hash32;
import org.folkmoot.peer.Links;
import org.folkmoot.peer.PeerNetwork;
import org.folkmoot.wire.Announcement;
import org.folkmoot.wire.Limits;
import org.folkmoot.wire.Message;
import org.folkmoot.wire.ModelId;
import org.folkmoot.wire.Offer;
import org.folkmoot.wire.PeerId;

/**
 * Heads of model files: what a node without the weights needs to speak to a model, namely its
 * tokenizer and template. Given to whoever asks, and fetched from the peers that serve the model.
 *
 * <p>Not promised: that a fetched head is the model's. The model's hash is of the whole file; what
 * is checked is that the head is the one that most of the peers that serve the model name.
 */
final class Heads implements PeerNetwork.Listener {
  private static final int PART = 256 << 10;

  /** The largest vocabularies with their merges take some 20 MB. */
  private static final long MAX_HEAD = 96L << 20;

  private static final long PATIENCE_SECONDS = 20;

  private final Links links;
  private final SwarmFolder folder;
  private final Map<ModelId, byte[]> own = new HashMap<>();
  private final Map<ModelId, Fetch> fetches = new HashMap<>();

  private static final class Fetch {
    final PeerId from;
    final long total;
    final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    final CompletableFuture<byte[]> done = new CompletableFuture<>();

    Fetch(PeerId from, long total) {
      this.from = from;
      this.total = total;
    }
  }

  Heads(Links links, SwarmFolder folder) {
    this.links = links;
    this.folder = folder;
    links.listen(this);
  }

  /** Gives a head to whoever asks from now on. On the loop. */
  void give(ModelId model, byte[] head) {
    own.put(model, head);
  }

  @Override
  public void received(PeerId from, Message message) {
    switch (message) {
      case Message.HeadRequest request -> answer(from, request);
      case Message.HeadPart part -> take(from, part);
      default -> {} // for others
    }
  }

  private void answer(PeerId from, Message.HeadRequest request) {
    byte[] head = own.getOrDefault(request.model(), new byte[0]);
    int at = (int) Math.min(head.length, request.offset());
    int end = Math.min(head.length, at + Math.min(PART, Limits.MAX_PART));
    links.send(
        from,
        new Message.HeadPart(request.model(), at, head.length, Arrays.copyOfRange(head, at, end)));
  }

  private void take(PeerId from, Message.HeadPart part) {
    Fetch fetch = fetches.get(part.model());
    if (fetch == null || !fetch.from.equals(from) || part.offset() != fetch.bytes.size()) {
      return;
    }
    fetch.bytes.writeBytes(part.bytes());
    if (part.bytes().length == 0 || part.total() != fetch.total) {
      fetch.done.completeExceptionally(
          new FolkmootException(UNREACHABLE, "the peer " + from + " does not have that model"));
    } else if (fetch.bytes.size() >= fetch.total) {
      fetch.done.complete(fetch.bytes.toByteArray());
    } else {
      links.send(from, new Message.HeadRequest(part.model(), fetch.bytes.size()));
    }
  }

  @Override
  public void lost(PeerId peer, Message.Reason reason) {
    for (Fetch fetch : List.copyOf(fetches.values())) {
      if (fetch.from.equals(peer)) {
        fetch.done.completeExceptionally(
            new FolkmootException(UNREACHABLE, "the peer " + peer + " went away"));
      }
    }
  }

  /**
   * The file with a model's head, fetched if it is not here. Not to be called on the loop.
   *
   * @throws FolkmootException UNREACHABLE if no peer gives it
   */
  Path fetch(SwarmNode node, ModelId model) {
    Path file = folder.head(model.sha256());
    List<Announcement> givers = new ArrayList<>();
    Map<Hash32, Integer> votes = new HashMap<>();
    for (Announcement announcement : node.known()) {
      for (Offer offer : announcement.offers()) {
        if (offer.model().equals(model) && offer.headBytes() <= MAX_HEAD) {
          givers.add(announcement);
          votes.merge(offer.headHash(), 1, Integer::sum);
        }
      }
    }
    Hash32 wanted =
        votes.entrySet().stream()
            .max(
                Comparator.comparingInt((Map.Entry<Hash32, Integer> vote) -> vote.getValue())
                    .thenComparing(Map.Entry::getKey))
            .map(Map.Entry::getKey)
            .orElseThrow(() ->
                new FolkmootException(UNREACHABLE, "no peer of the swarm serves that model now"));
    if (isHere(file, wanted)) {
      return file;
    }
    FolkmootException last = new FolkmootException(UNREACHABLE, "no peer gave the model's head");
    for (Announcement giver : givers) {
      for (Offer offer : giver.offers()) {
        if (offer.model().equals(model) && offer.headHash().equals(wanted)) {
          try {
            byte[] head = fetch(node, giver, offer);
            if (Hash32.sha256(head).equals(wanted)) {
              SwarmFolder.save(file, head);
              return file;
            }
          } catch (FolkmootException failed) {
            last = failed;
          }
        }
      }
    }
    throw last;
  }

  private static boolean isHere(Path file, Hash32 wanted) {
    try {
      return Files.isRegularFile(file) && Hash32.sha256(Files.readAllBytes(file)).equals(wanted);
    } catch (IOException unreadable) {
      return false;
    }
  }

  private byte[] fetch(SwarmNode node, Announcement giver, Offer offer) {
    Fetch fetch = new Fetch(giver.peer(), offer.headBytes());
    node.run(() -> {
      fetches.put(offer.model(), fetch);
      links.know(giver.peer(), giver.addresses());
      links.send(giver.peer(), new Message.HeadRequest(offer.model(), 0));
    });
    try {
      return fetch.done.get(PATIENCE_SECONDS, TimeUnit.SECONDS);
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      throw new FolkmootException(UNREACHABLE, "interrupted", interrupted);
    } catch (TimeoutException | ExecutionException failed) {
      throw new FolkmootException(
          UNREACHABLE, "the peer %s did not give the model's head".formatted(giver.peer()), failed);
    } finally {
      node.run(() -> fetches.remove(offer.model(), fetch));
    }
  }
}
