package org.folkmoot.cli;

import org.folkmoot.route.RouteConstraints;
import picocli.CommandLine.Option;

/** Which peers of a swarm may answer. */
final class PeerOptions {
  @Option(
      names = "--no-policy",
      description =
          "Ask no peers whose operators declare a policy: see 'folkmoot peers' for who does.")
  private boolean noPolicy;

  RouteConstraints constraints() {
    return noPolicy ? RouteConstraints.NONE.withoutPolicies() : RouteConstraints.NONE;
  }
}
