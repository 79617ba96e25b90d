package org.folkmoot.cli;

import static org.folkmoot.base.FolkmootException.Code.BAD_REQUEST;
import static org.folkmoot.base.FolkmootException.Code.NOT_FOUND;

import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.cli.swarm.EndSpans;
import org.folkmoot.cli.swarm.Listening;
import org.folkmoot.cli.swarm.ModelWish;
import org.folkmoot.cli.swarm.SwarmFolder;
import org.folkmoot.cli.swarm.SwarmNode;
import org.folkmoot.peer.Identity;
import org.folkmoot.peer.JoinedSwarm;
import org.folkmoot.proof.Receipt;
import org.folkmoot.route.RouteConstraints;
import org.folkmoot.session.ChainSettings;
import org.folkmoot.session.LanguageModel;
import org.folkmoot.session.LocalModel;
import org.folkmoot.session.SwarmGeneration;
import org.folkmoot.session.SwarmModel;
import org.folkmoot.store.StoredModel;
import org.folkmoot.wire.Message;
import org.folkmoot.wire.PeerAddress;

/** The swarm as commands use it. */
final class Swarms {
  static final String SOFTWARE = "folkmoot/0.1";

  /** Peers on the same machine answer at once; others within a few round trips. */
  private static final int USUAL_PATIENCE_SECONDS = 8;

  private static final int MOST_PATIENCE_SECONDS = 120;

  private Swarms() {}

  static SwarmFolder folder(Surroundings surroundings) {
    return new SwarmFolder(surroundings.home());
  }

  /** The swarm of this home. */
  static JoinedSwarm joined(Surroundings surroundings) {
    return folder(surroundings)
        .joined()
        .orElseThrow(() ->
            new FolkmootException(
                NOT_FOUND,
                "this home belongs to no swarm: 'folkmoot join LINK' with an invite, or open one"
                    + " with 'folkmoot serve MODEL --swarm'"));
  }

  /** Whether nodes may look for peers on the local network: {@code FOLKMOOT_LAN=0} says no. */
  static boolean looksAtLan(Surroundings surroundings) {
    return !surroundings.environment().getOrDefault("FOLKMOOT_LAN", "1").equals("0");
  }

  /**
   * How long a command looks for peers before it says that there are none: {@code
   * FOLKMOOT_PATIENCE} seconds.
   */
  static Duration patience(Surroundings surroundings) {
    String wish = surroundings.environment().get("FOLKMOOT_PATIENCE");
    if (wish == null) {
      return Duration.ofSeconds(USUAL_PATIENCE_SECONDS);
    }
    try {
      int seconds = Integer.parseInt(wish.strip());
      if (seconds >= 1 && seconds <= MOST_PATIENCE_SECONDS) {
        return Duration.ofSeconds(seconds);
      }
    } catch (NumberFormatException malformed) {
      // Said below.
    }
    throw new FolkmootException(
        BAD_REQUEST, "FOLKMOOT_PATIENCE is a number of seconds, 1 to " + MOST_PATIENCE_SECONDS);
  }

  /** Starts a node. */
  static SwarmNode start(
      Surroundings surroundings,
      SwarmFolder folder,
      Identity identity,
      JoinedSwarm swarm,
      Optional<InetSocketAddress> listen) {
    return start(
        surroundings, folder, identity, swarm, listen, Optional.empty(), looksAtLan(surroundings));
  }

  /**
   * Starts a node that others find elsewhere than where it listens.
   *
   * @param lan whether to look for peers on the local network
   */
  static SwarmNode start(
      Surroundings surroundings,
      SwarmFolder folder,
      Identity identity,
      JoinedSwarm swarm,
      Optional<InetSocketAddress> listen,
      Optional<PeerAddress> announced,
      boolean lan) {
    return SwarmNode.start(
        new SwarmNode.Settings(
            folder,
            identity,
            swarm,
            listen,
            announced,
            lan,
            digest -> stored(surroundings, digest),
            SOFTWARE,
            surroundings.clock(),
            surroundings.nanoTime(),
            new SecureRandom(),
            defect -> {
              surroundings.console().note("a defect in Folkmoot: " + defect);
              if (surroundings.debug()) {
                defect.printStackTrace();
              }
            }));
  }

  /**
   * A node that only asks, for one command. It has a key of its own: that of the home belongs to
   * the node that serves, which may be running beside it.
   */
  static SwarmNode asking(Surroundings surroundings) {
    JoinedSwarm swarm = joined(surroundings);
    SwarmNode node =
        start(
            surroundings,
            folder(surroundings),
            Identity.random(new SecureRandom()),
            swarm,
            Optional.empty());
    ownNode(surroundings).ifPresent(own -> node.introduce(List.of(own)));
    return node;
  }

  /** The node of this home that serves now, if there is one. */
  static Optional<Message.Contact> ownNode(Surroundings surroundings) {
    return Listening.read(folder(surroundings)).map(Listening::contact);
  }

  /**
   * A model answered by the swarm as a person wishes; closing it closes the node.
   *
   * @param resources what of this machine may be used, for what is computed here
   */
  static LanguageModel model(
      Surroundings surroundings,
      String name,
      ModelOpener.Settings resources,
      SwarmWish wish,
      SwarmGeneration.Watcher watcher) {
    return model(surroundings, name, resources, wish, watcher, _ -> {});
  }

  /**
   * The model of a receipt, when other peers than those that it names are known for each of its
   * parts, or might not be there.
   */
  static SwarmModel modelForSecondOpinion(
      Surroundings surroundings, Receipt receipt, ModelOpener.Settings resources, SwarmWish wish) {
    return (SwarmModel)
        model(
            surroundings,
            receipt.terms().model().sha256().hex(),
            resources,
            wish,
            new SwarmGeneration.Watcher() {},
            node -> {
              // Who serves what is told by gossip: whoever answers first need not know the others.
              boolean _ =
                  node.await(
                      SwarmReport.LOOK,
                      () ->
                          receipt.hops().stream().allMatch(hop -> othersServe(node, receipt, hop)));
            });
  }

  private static boolean othersServe(SwarmNode node, Receipt receipt, Receipt.Hop hop) {
    return node.serving().stream()
        .filter(announcement -> !announcement.peer().equals(hop.peer()))
        .flatMap(announcement -> announcement.offers().stream())
        .filter(offer -> offer.model().equals(receipt.terms().model()))
        .anyMatch(offer -> offer.range().covers(hop.range()));
  }

  private static LanguageModel model(
      Surroundings surroundings,
      String name,
      ModelOpener.Settings resources,
      SwarmWish wish,
      SwarmGeneration.Watcher watcher,
      Consumer<SwarmNode> found) {
    int contextLength = resources.contextLength();
    Optional<LocalModel> draft = wish.openDraft(surroundings, contextLength, 1);
    SwarmNode node = asking(surroundings);
    List<EndSpans> here = new ArrayList<>();
    try {
      SwarmModel.Options options =
          new SwarmModel.Options(
              contextLength,
              speculates(surroundings),
              draft,
              wish.constraints(),
              Optional.empty(),
              ChainSettings.USUAL,
              new SecureRandom()::nextLong,
              () -> {
                try {
                  here.forEach(EndSpans::close);
                } finally {
                  node.close();
                  draft.ifPresent(LocalModel::close);
                }
              });
      SwarmModel model = model(surroundings, node, name, options, watcher);
      found.accept(node);
      wish.openEnds(surroundings, node, model, resources).ifPresent(here::add);
      return here.isEmpty() ? model : model.around(here.getFirst().ends());
    } catch (RuntimeException failed) {
      node.close();
      draft.ifPresent(LocalModel::close);
      throw failed;
    }
  }

  /** A model answered by the swarm of a node. */
  static SwarmModel model(
      Surroundings surroundings,
      SwarmNode node,
      String name,
      SwarmModel.Options options,
      SwarmGeneration.Watcher watcher) {
    try {
      return node.model(
          wish(surroundings, name),
          digest -> stored(surroundings, digest),
          options,
          patience(surroundings),
          watcher);
    } catch (FolkmootException failed) {
      node.misfits().forEach(surroundings.console()::note);
      throw failed;
    }
  }

  /** What a name means on this machine: peers may call anything by it. */
  static ModelWish wish(Surroundings surroundings, String name) {
    return new ModelWish(name, Models.store(surroundings).meaning(name));
  }

  /**
   * How answers are usually made.
   *
   * @param release called when the model is closed
   */
  static SwarmModel.Options usual(Surroundings surroundings, int contextLength, Runnable release) {
    return options(contextLength, speculates(surroundings), RouteConstraints.NONE, release);
  }

  private static boolean speculates(Surroundings surroundings) {
    return surroundings.environment().getOrDefault("FOLKMOOT_SPECULATE", "1").equals("1");
  }

  /** As {@link #usual}, with or without drafts, and over chosen peers. */
  static SwarmModel.Options options(
      int contextLength, boolean speculate, RouteConstraints constraints, Runnable release) {
    SecureRandom random = new SecureRandom();
    return new SwarmModel.Options(
        contextLength,
        speculate,
        Optional.empty(),
        constraints,
        Optional.empty(),
        ChainSettings.USUAL,
        random::nextLong,
        release);
  }

  private static Optional<Path> stored(Surroundings surroundings, String digest) {
    return Models.store(surroundings).list().stream()
        .filter(model -> model.sha256().equals(digest))
        .map(StoredModel::path)
        .findFirst();
  }

  /** The address of {@code --announce}. */
  static PeerAddress announced(String text) {
    return PeerAddress.parse("tls://" + text);
  }

  /** Where a person wants peers to find this node: {@code HOST:PORT}. */
  static InetSocketAddress listenAddress(String text) {
    int colon = text.lastIndexOf(':');
    try {
      int port = Integer.parseInt(text.substring(colon + 1));
      String host = colon <= 0 ? "0.0.0.0" : text.substring(0, colon);
      if (port >= 0 && port <= 65535) {
        InetSocketAddress address = new InetSocketAddress(host.replaceAll("^\\[|\\]$", ""), port);
        if (!address.isUnresolved()) {
          return address;
        }
      }
    } catch (NumberFormatException malformed) {
      // Said below.
    }
    throw new FolkmootException(
        BAD_REQUEST, "--listen looks like 0.0.0.0:7410 or 192.168.1.7:0, this does not");
  }
}
