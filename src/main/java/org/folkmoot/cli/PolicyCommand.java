package org.folkmoot.cli;

import static org.folkmoot.base.FolkmootException.Code.NOT_FOUND;

import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.base.Hash32;
import org.folkmoot.cli.swarm.SwarmNode;
import org.folkmoot.wire.Announcement;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** Shows what a peer declares to do to conversations. */
@Command(
    name = "policy",
    description = {
      "Show the policy that a peer of this home's swarm declares.",
      "The text comes from the peer itself, and must have the hash that it announces and signs."
    })
final class PolicyCommand implements Callable<Integer> {
  private final Surroundings surroundings;

  @Parameters(
      index = "0",
      paramLabel = "PEER",
      description = "The beginning of its name, as 'peers' shows it.")
  private String peer = "";

  @Mixin private JsonOption json;

  PolicyCommand(Surroundings surroundings) {
    this.surroundings = surroundings;
  }

  @Override
  public Integer call() {
    try (SwarmNode node = Swarms.asking(surroundings)) {
      boolean _ =
          node.await(
              Swarms.patience(surroundings), () -> node.serving().stream().anyMatch(this::isMeant));
      List<Announcement> meant = node.known().stream().filter(this::isMeant).toList();
      if (meant.size() != 1) {
        throw new FolkmootException(
            NOT_FOUND,
            meant.isEmpty()
                ? "no such peer is there now: see 'folkmoot peers'"
                : "several peers have names that begin so: give more of it");
      }
      print(meant.getFirst(), node.policy(meant.getFirst()));
    }
    return ExitStatus.OK;
  }

  private boolean isMeant(Announcement announcement) {
    return announcement.peer().text().startsWith(peer.toLowerCase(Locale.ROOT));
  }

  private void print(Announcement of, byte[] bytes) {
    String text = new String(bytes, StandardCharsets.UTF_8);
    Console console = surroundings.console();
    if (json.isWished()) {
      Map<String, Object> root = new LinkedHashMap<>();
      root.put("peer", of.peer().text());
      root.put("policy", Hash32.sha256(bytes).hex());
      root.put("text", text);
      JsonOutput.print(console, root);
    } else {
      // A stranger's text: no control characters reach the terminal.
      console.out().println(PlainText.of(text).stripTrailing());
    }
  }
}
