package org.folkmoot.proof;

import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import org.folkmoot.wire.LayerRange;
import org.folkmoot.wire.PeerId;

/**
 * One thing that was looked at.
 *
 * @param subject what
 * @param outcome what came of it
 * @param about the peer that it speaks of, if it speaks of one
 * @param line one line for people; never a token or a text of the conversation
 */
public record Finding(Subject subject, Outcome outcome, Optional<PeerId> about, String line) {
  /** What a check can be about. Names are stable: they reach JSON output. */
  public enum Subject {
    /** The issuer signed the receipt. */
    ISSUER,
    /** A hop signed its statement. */
    HOP,
    /** The hops' spans are a whole model without gaps. */
    CHAIN,
    /** Each hop's inputs are what the hop before states as its outputs. */
    HANDOVER,
    /** The salt is that of the receipt's session. */
    SALT,
    /** The prompt is the one that was committed to. */
    PROMPT,
    /** The answer is the one that was committed to. */
    OUTPUT,
    /** The first hop states this prompt and answer as its inputs. */
    INPUTS,
    /** The last hop states these tokens as what it chose. */
    TOKENS,
    /** The chat template is the one that is named. */
    TEMPLATE,
    /** The system prompt is the one that is named. */
    SYSTEM_PROMPT,
    /** The weights at hand are those of the model that is named. */
    MODEL,
    /** What a hop states is what the model gives. */
    COMPUTATION,
    /** The tokens are what logits, settings and seed give. */
    SAMPLING,
    /** The answer ended as is stated. */
    FINISH
  }

  /** What came of a check. */
  public enum Outcome {
    /** It holds. */
    HELD,
    /** It does not. */
    FAILED,
    /** It was not looked at, or could not be; the line says what it would take. */
    NOT_CHECKED
  }

  /** What nobody else than the peer itself can have done wrong. */
  private static final Set<Subject> ITS_OWN = EnumSet.of(Subject.COMPUTATION, Subject.SAMPLING);

  /**
   * Against whom this is evidence. Whatever else fails may be the issuer's doing, who could have
   * asked a hop for one thing and put another into the receipt: it says nothing about the hop.
   */
  public Optional<PeerId> evidenceAgainst() {
    return outcome == Outcome.FAILED && ITS_OWN.contains(subject) ? about : Optional.empty();
  }

  /** That the answer was not computed again, and what it would take. */
  public static Finding notComputed(String why) {
    return notChecked(Subject.COMPUTATION, "not computed again: " + why);
  }

  /**
   * That another peer computed a hop's part again. If it came out otherwise, this is evidence
   * against neither of the two.
   *
   * @param hop whose part
   * @param second who did it now
   * @param same whether it came out the same
   */
  public static Finding repeated(PeerId hop, PeerId second, LayerRange range, boolean same) {
    if (hop.equals(second)) {
      return notChecked(
              Subject.COMPUTATION,
              "%s of %s: nobody else serves them now, and its own word is none"
                  .formatted(range, hop))
          .about(hop);
    }
    return of(
        Subject.COMPUTATION,
        same,
        "%s of %s: the peer %s computed the same".formatted(range, hop, second),
        "%s of %s: the peer %s computed something else, so one of the two is wrong"
            .formatted(range, hop, second));
  }

  /** That peers chose the same tokens again, or where not. */
  public static Finding rechosen(OptionalInt wrong) {
    return of(
        Subject.SAMPLING,
        wrong.isEmpty(),
        "the tokens are what other peers choose, too",
        "other peers choose another token at position " + wrong.orElse(0));
  }

  static Finding held(Subject subject, String line) {
    return new Finding(subject, Outcome.HELD, Optional.empty(), line);
  }

  static Finding failed(Subject subject, String line) {
    return new Finding(subject, Outcome.FAILED, Optional.empty(), line);
  }

  static Finding notChecked(Subject subject, String line) {
    return new Finding(subject, Outcome.NOT_CHECKED, Optional.empty(), line);
  }

  /** One or the other. */
  static Finding of(Subject subject, boolean holds, String held, String failed) {
    return holds ? held(subject, held) : failed(subject, failed);
  }

  /** The same about a peer. */
  Finding about(PeerId peer) {
    return new Finding(subject, outcome, Optional.of(peer), line);
  }

  /** Whether nothing failed. What was not checked may still be wrong. */
  public static boolean noneFailed(List<Finding> findings) {
    return findings.stream().noneMatch(one -> one.outcome == Outcome.FAILED);
  }
}
