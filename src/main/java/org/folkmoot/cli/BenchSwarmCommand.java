package org.folkmoot.cli;

import static org.folkmoot.base.FolkmootException.Code.BAD_REQUEST;

import java.util.Map;
import java.util.concurrent.Callable;
import org.folkmoot.base.FolkmootException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Measures a swarm on this machine. */
@Command(
    name = "bench-swarm",
    description = {
      "Measure what a swarm costs ('bench swarm').",
      "Peers as processes on this machine against a single process, eight sessions at once, drafts"
          + " on text that repeats, and a peer killed in the middle."
    })
final class BenchSwarmCommand implements Callable<Integer> {
  private final Surroundings surroundings;

  @Parameters(
      paramLabel = "MODEL",
      arity = "0..1",
      defaultValue = "smollm2:135m",
      description = "A name or a file (default: ${DEFAULT-VALUE}).")
  private String reference;

  @Option(names = "--peers", defaultValue = "3", description = "Peers (${DEFAULT-VALUE}).")
  private int peers;

  @Option(names = "--tokens", defaultValue = "64", description = "Tokens (${DEFAULT-VALUE}).")
  private int tokens;

  @Option(
      names = "--history",
      defaultValue = "468",
      description = "Tokens of the prompt of the answer in which a peer is killed.")
  private int history;

  @Option(
      names = "--rtt",
      paramLabel = "MILLIS",
      defaultValue = "0",
      description = "A round trip between all peers, made by delaying their bytes.")
  private int rttMillis;

  @Option(
      names = "--warm-up",
      paramLabel = "TOKENS",
      defaultValue = "512",
      description = "Tokens before those that count (${DEFAULT-VALUE}; twice through the chain).")
  private int warmUp;

  @Option(
      names = "--threads",
      description = "Threads that compute, in each process (default: all processors).")
  private int threads = Runtime.getRuntime().availableProcessors();

  @Mixin private JsonOption json;

  BenchSwarmCommand(Surroundings surroundings) {
    this.surroundings = surroundings;
  }

  @Override
  public Integer call() {
    if (peers < 1 || peers > 16 || tokens < 8 || rttMillis < 0) {
      throw new FolkmootException(
          BAD_REQUEST, "--peers is from 1 to 16, --tokens at least 8, --rtt at least 0");
    }
    if (history < 1 || warmUp < 1 || threads < 1) {
      throw new FolkmootException(BAD_REQUEST, "--history, --warm-up and --threads are at least 1");
    }
    Map<String, Object> figures =
        new SwarmBench(
                surroundings,
                Models.find(surroundings, reference),
                new SwarmBench.Plan(peers, tokens, rttMillis, history, warmUp, threads))
            .run();
    if (json.isWished()) {
      JsonOutput.print(surroundings.console(), figures);
    } else {
      SwarmBench.print(surroundings.console(), figures);
    }
    return ExitStatus.OK;
  }
}
