package org.folkmoot.cli;

import static org.folkmoot.base.FolkmootException.Code.BAD_REQUEST;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.cli.swarm.SwarmNode;
import org.folkmoot.peer.Identity;
import org.folkmoot.peer.discovery.Discv5;
import org.folkmoot.wire.PeerAddress;
import picocli.CommandLine.Option;

/** Whether a node is found on the open internet. It is not unless a person asks for it. */
final class InternetOptions {
  @Option(
      names = "--discover",
      description =
          "Be found by peers of the swarm on the open internet, by discv5: everybody can see that"
              + " there is a node at this address (implies --swarm).")
  private boolean discover;

  @Option(
      names = "--bootnode",
      paramLabel = "ENR",
      description =
          "A node from which discv5 begins, as it prints itself: enr:-… (implies --discover; may be"
              + " repeated).")
  private List<String> bootnodes = new ArrayList<>();

  @Option(
      names = "--discovery-port",
      paramLabel = "PORT",
      defaultValue = "7412",
      description = "The UDP port for discv5 (${DEFAULT-VALUE}).")
  private int port;

  boolean areWanted() {
    return discover || !bootnodes.isEmpty();
  }

  /**
   * Begins, if it is wanted.
   *
   * @param listen the address at which the node accepts links
   * @return the node's own record, for others
   */
  Optional<String> begin(SwarmNode node, Identity identity, InetAddress listen) {
    if (!areWanted()) {
      return Optional.empty();
    }
    if (port < 1 || port > 65535 || port == node.port()) {
      throw new FolkmootException(
          BAD_REQUEST, "--discovery-port is a port of its own, from 1 to 65535");
    }
    InetSocketAddress at = new InetSocketAddress(listen, port);
    Discv5 network =
        new Discv5(new Discv5.Settings(at, host(node), bootnodes), identity, Identity::verify);
    node.discover(network);
    return Optional.of(network.record());
  }

  /** Where the node tells others that it is; they correct it if it is wrong. */
  private static InetAddress host(SwarmNode node) {
    PeerAddress first =
        node.call(node::addresses).stream()
            .filter(address -> address.scheme() != PeerAddress.Scheme.RELAY)
            .findFirst()
            .orElseGet(node::ownAddress);
    try {
      return InetAddress.getByName(first.host());
    } catch (UnknownHostException unknown) {
      throw new FolkmootException(
          BAD_REQUEST,
          "the address '%s' is not known: see --announce".formatted(first.host()),
          unknown);
    }
  }
}
