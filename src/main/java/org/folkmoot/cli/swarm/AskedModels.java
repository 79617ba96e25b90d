package org.folkmoot.cli.swarm;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.function.Function;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.engine.gguf.GgufFile;
import org.folkmoot.engine.model.ModelConfig;
import org.folkmoot.session.PeerScores;
import org.folkmoot.session.SwarmGeneration;
import org.folkmoot.session.SwarmModel;
import org.folkmoot.wire.Offer;

/** The models of the swarm as a node asks for them. */
final class AskedModels {
  private final SwarmNode node;
  private final KnownModels known;
  private final PeerScores scores;

  AskedModels(SwarmNode node, PeerScores scores) {
    this.node = node;
    this.scores = scores;
    known = new KnownModels(node.self(), node::announcements, scores);
  }

  /** Whether the swarm serves a model. */
  boolean serves(ModelWish wish) {
    return node.call(() -> known.named(wish).isPresent());
  }

  /** As {@link SwarmNode#model}. */
  SwarmModel open(
      ModelWish wish,
      Function<String, Optional<Path>> file,
      SwarmModel.Options options,
      Duration patience,
      SwarmGeneration.Watcher watcher) {
    boolean _ = node.await(patience, () -> known.named(wish).map(known::isComplete).orElse(false));
    Offer offer =
        node.call(() -> known.named(wish))
            .orElseThrow(() ->
                new FolkmootException(
                    FolkmootException.Code.NOT_FOUND,
                    "no peer of the swarm that can be reached serves '%s'%s: see 'folkmoot status'"
                        .formatted(
                            wish.name(),
                            wish.sha256()
                                .map(hash -> ", which is sha256 " + hash.substring(0, 12) + " here")
                                .orElse(""))));
    Optional<Path> here = file.apply(offer.model().sha256().hex());
    Path head = here.orElseGet(() -> node.heads().fetch(node, offer.model()));
    try (GgufFile gguf = here.isPresent() ? GgufFile.open(head) : GgufFile.openHead(head)) {
      ModelConfig config = ModelConfig.of(gguf);
      node.run(() -> node.credits().know(offer.model(), config));
      return new SwarmModel(
          offer.modelName(),
          offer.model(),
          options,
          gguf,
          node.links(),
          node::announcements,
          scores,
          node.credits().watching(watcher));
    }
  }
}
