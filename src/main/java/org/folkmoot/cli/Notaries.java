package org.folkmoot.cli;

import java.security.SecureRandom;
import java.util.List;
import java.util.function.BiConsumer;
import org.folkmoot.base.Hash32;
import org.folkmoot.peer.Identity;
import org.folkmoot.session.LanguageModel;
import org.folkmoot.session.Notary;

/** Receipts as commands make them: signed with the key of this home. */
final class Notaries {
  private static final SecureRandom RANDOM = new SecureRandom();

  private Notaries() {}

  /** The notary of this home. */
  static Notary ofHome(Surroundings surroundings) {
    return of(surroundings, List.of());
  }

  /** The notary of this home, whose operator declares policies. */
  static Notary of(Surroundings surroundings, List<Hash32> policies) {
    return watched(surroundings, policies, (_, _) -> {});
  }

  /**
   * The notary of this home, whose receipts somebody looks at.
   *
   * @param watcher must not wait
   */
  static Notary watched(
      Surroundings surroundings,
      List<Hash32> policies,
      BiConsumer<LanguageModel, Notary.Proof> watcher) {
    return new Notary(
        Identity.atHome(surroundings.home(), RANDOM),
        surroundings.clock(),
        Notaries::draw,
        policies,
        watcher);
  }

  /** A notary with a key of the moment, for a command that speaks for nobody. */
  static Notary passing(Surroundings surroundings) {
    return new Notary(Identity.random(RANDOM), surroundings.clock(), Notaries::draw, List.of());
  }

  private static Hash32 draw() {
    byte[] bytes = new byte[Hash32.BYTES];
    RANDOM.nextBytes(bytes);
    return Hash32.of(bytes);
  }
}
