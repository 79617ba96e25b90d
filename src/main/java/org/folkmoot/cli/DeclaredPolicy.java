package org.folkmoot.cli;

import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.folkmoot.api.Policy;
import org.folkmoot.base.FolkmootException;

/**
 * What a serving node does to conversations, as it declares it: its operator's choice for good, or
 * what its moot has decided by now. Answers in progress keep what they began with. From any thread.
 */
final class DeclaredPolicy implements Supplier<Optional<Policy>> {
  private final Optional<Console> console;
  private volatile Optional<Policy> now;
  private volatile Consumer<Optional<Policy>> told = _ -> {};

  private DeclaredPolicy(Optional<Console> console, Optional<Policy> now) {
    this.console = console;
    this.now = now;
  }

  /** A person has chosen, a policy or none: no decision changes it. */
  static DeclaredPolicy ofOperator(Optional<Policy> chosen) {
    return new DeclaredPolicy(Optional.empty(), chosen);
  }

  /** What the moot has decided, and will. */
  static DeclaredPolicy ofMoot(Console console, MootDefaults defaults) {
    DeclaredPolicy declared = new DeclaredPolicy(Optional.of(console), Optional.empty());
    declared.follow(defaults);
    return declared;
  }

  /** Has somebody told of changes, such as the swarm; of one that came before, too. */
  void tell(Consumer<Optional<Policy>> listener) {
    told = listener;
    if (console.isPresent()) {
      listener.accept(now);
    }
  }

  /** The moot's decisions have changed. */
  synchronized void follow(MootDefaults defaults) {
    if (console.isEmpty()) {
      return;
    }
    Optional<Policy> next;
    try {
      next =
          defaults
              .policy()
              .map(policy -> Policy.of(policy.text().getBytes(StandardCharsets.UTF_8)));
    } catch (FolkmootException damaged) {
      console.get().note("the moot's policy is left aside: " + damaged.getMessage());
      return;
    }
    if (next.map(Policy::hash).equals(now.map(Policy::hash))) {
      return;
    }
    now = next;
    told.accept(next);
    console
        .get()
        .note(
            "by decision of the moot '%s': %s"
                .formatted(
                    defaults.moot(),
                    next.map(policy ->
                            "declaring the policy %s (--no-moot leaves it aside)"
                                .formatted(policy.hash()))
                        .orElse("declaring no policy any more")));
  }

  @Override
  public Optional<Policy> get() {
    return now;
  }
}
