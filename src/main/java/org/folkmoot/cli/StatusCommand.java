package org.folkmoot.cli;

import java.util.Locale;
import java.util.concurrent.Callable;
import org.folkmoot.cli.swarm.SwarmFolder;
import org.folkmoot.route.Coverage;
import org.folkmoot.wire.Offer;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** Shows how this home's swarm does. */
@Command(
    name = "status",
    description = {
      "Show how this home's swarm does.",
      "For each model which layers are held by how many peers, and for each peer how fast it is,"
          + " how busy, and how it is reached."
    })
final class StatusCommand implements Callable<Integer> {
  /** A layer by how many hold it. */
  private static final String[] BLOCKS = {"·", "▂", "▄", "▆", "█"};

  private static final int NARROWEST = 40;

  /** From here on there is room for addresses, of IPv6 too. */
  static final int WIDE = 120;

  /** Beside the bar: the numbers of its ends, and what it means. */
  private static final int BESIDE_BAR = 28;

  /** A layer need not be wider than that. */
  private static final int WIDEST_LAYER = 4;

  private final Surroundings surroundings;

  @Mixin private JsonOption json;

  StatusCommand(Surroundings surroundings) {
    this.surroundings = surroundings;
  }

  @Override
  public Integer call() {
    Console console = surroundings.console();
    SwarmFolder folder = Swarms.folder(surroundings);
    if (folder.joined().isEmpty()) {
      console.out().println("this home belongs to no swarm: everything stays on this machine");
      console.note(
          "join one with 'folkmoot join LINK', open one with 'folkmoot serve MODEL --swarm'");
      return ExitStatus.OK;
    }
    SwarmReport report = SwarmReport.look(surroundings);
    if (json.isWished()) {
      JsonOutput.print(console, report.json());
      return ExitStatus.OK;
    }
    print(console, report);
    return ExitStatus.OK;
  }

  /** Shows it to a person. */
  static void print(Console console, SwarmReport report) {
    report.misfits().forEach(console::note);
    Style style = console.outStyle();
    long serving =
        report.peers().stream().filter(peer -> !peer.announcement().offers().isEmpty()).count();
    long others = report.peers().size() - serving;
    console
        .out()
        .println(
            style.strong("swarm '" + report.swarm() + "'")
                + "  "
                + (serving == 1 ? "1 peer serves" : serving + " peers serve")
                + (others == 0
                    ? ""
                    : ", " + others + (others == 1 ? " serves" : " serve") + " nothing"));
    if (report.models().isEmpty()) {
      console.note("nobody serves anything that can be reached: 'folkmoot serve MODEL'");
    }
    for (SwarmReport.Model model : report.models()) {
      console.out().println();
      print(console, model, report.hasPolicies());
    }
  }

  private static void print(Console console, SwarmReport.Model model, boolean policies) {
    Style style = console.outStyle();
    boolean complete = model.coverage().complete();
    String state = complete ? "complete" : "incomplete: cannot answer yet";
    console.out().println(style.strong(model.name()) + "  " + state);
    int width = Math.max(NARROWEST, console.columns().getAsInt());
    console.out().println(bar(model, width));
    Table table =
        new Table(
                "PEER",
                "LAYERS",
                "TOKENS/S",
                "RTT",
                "QUEUE",
                "KV LEFT",
                "PATH",
                policies ? "POLICY" : "",
                width < WIDE ? "" : "ADDRESS")
            .right("TOKENS/S", "RTT", "QUEUE", "KV LEFT");
    for (SwarmReport.Peer peer : model.peers()) {
      Offer offer = SwarmReport.offer(peer, model.id()).orElseThrow();
      table.row(
          peer.announcement().peer().toString(),
          SwarmReport.layers(offer.range()),
          String.format(
              Locale.ROOT, "%.0f", offer.layersPerSecond() / Math.max(1, offer.range().layers())),
          peer.rttText(),
          SwarmReport.millis(offer.queueMillis(), "%.0f ms"),
          positions(offer.freePositions()),
          peer.shortPath(),
          policies ? peer.policyText(width >= WIDE) : "",
          width < WIDE ? "" : SwarmReport.address(peer));
    }
    table.print(console);
  }

  private static String positions(int free) {
    if (free < 10_000) {
      return String.valueOf(free);
    }
    return free < 10_000_000 ? free / 1000 + "k" : free / 1_000_000 + "M";
  }

  /** A block for each layer, higher the more peers hold it, then what the heights mean. */
  private static String bar(SwarmReport.Model model, int width) {
    StringBuilder line = new StringBuilder("0 ");
    int least = Integer.MAX_VALUE;
    int layers = model.layers();
    int room = width - BESIDE_BAR;
    int cells = Math.min(room, layers * Math.clamp(room / layers, 1, WIDEST_LAYER));
    for (int cell = 0; cell < cells; cell++) {
      int from = cell * layers / cells;
      int to = Math.max(from + 1, (cell + 1) * layers / cells);
      int fewest = Integer.MAX_VALUE;
      for (Coverage.Part part : model.coverage().layers().subList(from, to)) {
        fewest = Math.min(fewest, part.peers());
      }
      least = Math.min(least, fewest);
      line.append(BLOCKS[Math.min(fewest, BLOCKS.length - 1)]);
    }
    line.append(' ').append(layers - 1);
    line.append("  each layer on ≥ ").append(least);
    return line.toString();
  }
}
