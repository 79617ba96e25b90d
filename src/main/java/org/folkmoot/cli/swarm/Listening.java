package org.folkmoot.cli.swarm;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.wire.Message;
import org.folkmoot.wire.PeerAddress;
import org.folkmoot.wire.PeerId;

/**
 * The node of a home that listens now, as other commands of that home find it: its id, then its
 * addresses, the one on this machine first, a line each.
 */
public record Listening(PeerId peer, List<PeerAddress> addresses) {
  private static final int MAX_BYTES = 1 << 16;

  /** Copies. */
  public Listening {
    addresses = List.copyOf(addresses);
  }

  /** What is written in a home; empty if nothing listens. */
  public static Optional<Listening> read(SwarmFolder folder) {
    try {
      if (Files.size(folder.listening()) > MAX_BYTES) {
        return Optional.empty();
      }
      List<String> lines = Files.readAllLines(folder.listening());
      List<PeerAddress> addresses = new ArrayList<>();
      for (String line : lines.subList(1, lines.size())) {
        addresses.add(PeerAddress.parse(line));
      }
      return Optional.of(new Listening(PeerId.parse(lines.getFirst()), addresses));
    } catch (IOException | FolkmootException | IndexOutOfBoundsException none) {
      return Optional.empty();
    }
  }

  /** Writes that a node listens. */
  public static Listening write(SwarmNode node) {
    List<PeerAddress> addresses = new ArrayList<>();
    if (node.settings().announced().isEmpty()) {
      addresses.add(node.ownAddress());
    }
    node.call(node::addresses).stream()
        .filter(address -> !addresses.contains(address))
        .forEach(addresses::add);
    Listening listening = new Listening(node.self(), addresses);
    StringBuilder text = new StringBuilder(node.self().text()).append('\n');
    addresses.forEach(address -> text.append(address).append('\n'));
    SwarmFolder.save(node.folder().listening(), text.toString().getBytes(StandardCharsets.UTF_8));
    return listening;
  }

  /** Takes back what was written. */
  public static void remove(SwarmFolder folder) {
    try {
      Files.deleteIfExists(folder.listening());
    } catch (IOException left) {
      // Whoever reads it finds nobody at that address.
    }
  }

  /** How to reach it. */
  public Message.Contact contact() {
    return new Message.Contact(peer, addresses.subList(0, Math.min(8, addresses.size())));
  }
}
