package org.folkmoot.cli;

import static org.folkmoot.base.FolkmootException.Code.NOT_FOUND;

import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.cli.swarm.SwarmNode;
import org.folkmoot.peer.Identity;
import org.folkmoot.peer.Invite;
import org.folkmoot.peer.JoinedSwarm;
import org.folkmoot.wire.Announcement;
import org.folkmoot.wire.Invitation;
import org.folkmoot.wire.Message;
import org.folkmoot.wire.ModelId;
import org.folkmoot.wire.Offer;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Prints a link with which others join this home's swarm. */
@Command(
    name = "invite",
    description = {
      "Print a link with which others join this home's swarm, and its QR code.",
      "Whoever has the link can join: send it only to whom you mean."
    })
final class InviteCommand implements Callable<Integer> {
  private static final int MOST_DAYS = 3650;

  private final Surroundings surroundings;

  @Option(
      names = "--days",
      paramLabel = "N",
      defaultValue = "7",
      description = "How long the invite holds (default: ${DEFAULT-VALUE}).")
  private int days;

  @Option(names = "--no-qr", description = "Print the link only.")
  private boolean noQr;

  @Mixin private JsonOption json;

  InviteCommand(Surroundings surroundings) {
    this.surroundings = surroundings;
  }

  @Override
  public Integer call() {
    if (days < 1 || days > MOST_DAYS) {
      throw new FolkmootException(
          FolkmootException.Code.BAD_REQUEST, "--days is from 1 to " + MOST_DAYS);
    }
    JoinedSwarm swarm = Swarms.joined(surroundings);
    Identity identity = Identity.atHome(surroundings.home(), new SecureRandom());
    Message.Contact own =
        Swarms.ownNode(surroundings)
            .orElseThrow(() ->
                new FolkmootException(
                    NOT_FOUND,
                    "no node of this home is running, so there is nobody to join: start one with 'folkmoot serve MODEL --swarm'"));
    long expires = surroundings.clock().millis() + Duration.ofDays(days).toMillis();
    Invitation invitation = invitation(swarm, own, expires);
    String link = Invite.link(invitation, identity);
    Console console = surroundings.console();
    if (json.isWished()) {
      Map<String, Object> fields = new LinkedHashMap<>();
      fields.put("link", link);
      fields.put("swarm", swarm.name());
      fields.put("expiresMillis", expires);
      JsonOutput.print(console, fields);
      return ExitStatus.OK;
    }
    if (!noQr) {
      QrCode.lines(link, console.columns().getAsInt(), console.errColour())
          .ifPresent(lines -> lines.forEach(console::note));
    }
    console.out().println(link);
    console.note("it holds for %d days; the other side types: folkmoot join LINK".formatted(days));
    return ExitStatus.OK;
  }

  private Invitation invitation(JoinedSwarm swarm, Message.Contact own, long expires) {
    List<Message.Contact> others = new ArrayList<>();
    Map<ModelId, String> models = new LinkedHashMap<>();
    try (SwarmNode node = Swarms.asking(surroundings)) {
      boolean _ = node.await(Duration.ofSeconds(2), node::knowsOthers);
      for (Announcement announcement : node.known()) {
        for (Offer offer : announcement.offers()) {
          models.putIfAbsent(offer.model(), offer.modelName());
        }
        if (!announcement.peer().equals(own.peer()) && !announcement.addresses().isEmpty()) {
          others.add(new Message.Contact(announcement.peer(), announcement.addresses()));
        }
      }
    }
    return new Invitation(
        swarm.swarm(),
        swarm.name(),
        own,
        others.subList(0, Math.min(others.size(), Invitation.MAX_OTHERS)),
        models.entrySet().stream()
            .limit(Invitation.MAX_MODELS)
            .map(model -> new Invitation.NamedModel(model.getKey(), model.getValue()))
            .toList(),
        expires);
  }
}
