package org.folkmoot.cli;

import java.util.Optional;
import org.folkmoot.route.RouteConstraints;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Which peers of a swarm may answer, and how they are asked. */
final class PeerOptions {
  @Option(
      names = "--no-policy",
      description =
          "Ask no peers whose operators declare a policy: see 'folkmoot peers' for who does.")
  private boolean noPolicy;

  @Option(
      names = "--draft",
      paramLabel = "MODEL",
      description =
          "Let a small model of this machine guess ahead for the swarm: fewer round trips, the same"
              + " answer. It must have the same vocabulary.")
  private @Nullable String draft;

  SwarmWish wish() {
    return new SwarmWish(
        noPolicy ? RouteConstraints.NONE.withoutPolicies() : RouteConstraints.NONE,
        Optional.ofNullable(draft));
  }
}
