package org.folkmoot.cli;

import static org.folkmoot.base.FolkmootException.Code.BAD_REQUEST;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.cli.swarm.SwarmFolder;
import org.folkmoot.cli.swarm.SwarmNode;
import org.folkmoot.peer.Identity;
import org.folkmoot.peer.Invite;
import org.folkmoot.peer.JoinedSwarm;
import org.folkmoot.wire.Announcement;
import org.folkmoot.wire.Invitation;
import org.folkmoot.wire.Message;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Joins the swarm of an invite. */
@Command(name = "join", description = "Join the swarm of an invite (see 'folkmoot invite').")
final class JoinCommand implements Callable<Integer> {
  private final Surroundings surroundings;

  @Parameters(
      paramLabel = "LINK",
      arity = "1..*",
      description = "The invite: folkmoot://join/… (a line break in it does no harm).")
  private List<String> link;

  @Option(names = "--replace", description = "Leave the swarm that this home belongs to now.")
  private boolean replace;

  JoinCommand(Surroundings surroundings) {
    this.surroundings = surroundings;
  }

  @Override
  public Integer call() {
    long now = surroundings.clock().millis();
    Invitation invitation = Invite.parse(String.join("", link), Identity::verify, now);
    SwarmFolder folder = Swarms.folder(surroundings);
    Optional<JoinedSwarm> before = folder.joined();
    boolean another = before.isPresent() && !before.get().swarm().equals(invitation.swarm());
    if (another && !replace) {
      throw new FolkmootException(
          BAD_REQUEST,
          "this home belongs to the swarm '%s': leave it with --replace, or use another FOLKMOOT_HOME"
              .formatted(PlainText.line(before.get().name(), 40)));
    }
    remember(folder, invitation, now);
    Console console = surroundings.console();
    console.out().println("joined the swarm '" + PlainText.line(invitation.name(), 40) + "'");
    try (SwarmNode node = Swarms.asking(surroundings)) {
      boolean found = node.await(Swarms.patience(surroundings), node::knowsOthers);
      boolean _ = node.await(Duration.ofMillis(500), () -> false); // for the rest of them to tell
      node.misfits().forEach(console::note);
      if (!found) {
        console.note("nobody answers now; this home keeps looking whenever it runs");
        return ExitStatus.OK;
      }
      List<Announcement> peers = node.known();
      String models =
          peers.stream()
              .flatMap(peer -> peer.offers().stream())
              .map(offer -> PlainText.line(offer.modelName(), 60))
              .distinct()
              .sorted()
              .collect(Collectors.joining(", "));
      console.note(
          "%d %s there%s"
              .formatted(
                  peers.size(),
                  peers.size() == 1 ? "peer is" : "peers are",
                  models.isEmpty() ? "" : ", serving " + models + ": try 'folkmoot run MODEL …'"));
    }
    return ExitStatus.OK;
  }

  /** Remembers the swarm of an invite in a home. */
  private static void remember(SwarmFolder folder, Invitation invitation, long nowMillis) {
    folder.join(
        new JoinedSwarm(
            invitation.swarm(), invitation.name(), nowMillis, invitation.issuer().peer()));
    List<Message.Contact> contacts = new ArrayList<>();
    contacts.add(invitation.issuer());
    contacts.addAll(invitation.others());
    folder.meet(contacts, nowMillis);
  }
}
