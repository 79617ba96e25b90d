package org.folkmoot.proof.trial;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.function.IntUnaryOperator;
import org.folkmoot.base.Hash32;
import org.folkmoot.engine.sampling.SamplerSettings;
import org.folkmoot.peer.SeededRandom;
import org.folkmoot.proof.Commitment;
import org.folkmoot.proof.Receipt;
import org.folkmoot.proof.trial.TrialModels.Weights;

/** What a peer or an issuer might do. Each signs whatever makes it look honest. */
enum Tampering {
  HONEST("nothing"),
  FLIPPED_BIT("one bit of one hidden state at one step"),
  OTHER_QUANTISATION("another quantisation of the model"),
  SMALLER_MODEL("a smaller model"),
  SYSTEM_PROMPT("an undeclared system prompt"),
  TOKEN("a token dropped or replaced"),
  OTHER_SEED("another seed"),
  SKIPPED_LAYERS("layers skipped"),
  STALE_CACHE("a cache of another session"),
  REPLAYED("an old receipt"),
  FORGED("a forged signature"),
  ADAPTER("an adapter that is not declared");

  private static final int HOPS = 3;

  private final String what;

  Tampering(String what) {
    this.what = what;
  }

  /** For people. */
  String what() {
    return what;
  }

  /** Whether the models at hand allow it. */
  boolean isPossible(TrialModels models) {
    return switch (this) {
      case OTHER_QUANTISATION -> models.has(Weights.OTHER_QUANTISATION);
      case SMALLER_MODEL -> models.has(Weights.SMALLER);
      case ADAPTER -> models.has(Weights.WITH_ADAPTER);
      default -> true;
    };
  }

  /**
   * An attempt.
   *
   * @param guilty hops against which there may be evidence
   */
  record Attempt(Answer answer, Set<Integer> guilty) {}

  /**
   * Makes an answer in this way.
   *
   * @throws org.folkmoot.base.FolkmootException if it is noticed already when the receipt is made
   */
  Attempt attempt(TrialModels models, SplittableRandom random) {
    TrialSession session = new TrialSession(models, random, this == OTHER_SEED);
    return switch (this) {
      case HONEST -> by(session, Cheat.NONE);
      case FLIPPED_BIT -> by(session, flip(session, random));
      case OTHER_QUANTISATION -> by(session, weights(Weights.OTHER_QUANTISATION, random));
      case SMALLER_MODEL -> by(session, weights(Weights.SMALLER, random));
      case ADAPTER -> by(session, weights(Weights.WITH_ADAPTER, random));
      case SKIPPED_LAYERS -> by(session, weights(Weights.FEWER_LAYERS, random));
      case SYSTEM_PROMPT -> systemPrompt(session, random);
      case TOKEN -> token(session, models, random);
      case OTHER_SEED -> otherSeed(session, random);
      case STALE_CACHE -> by(session, stale(session, random));
      case REPLAYED -> replayed(session, random);
      case FORGED -> forged(session, random);
    };
  }

  private static Attempt by(TrialSession session, Cheat cheat) {
    return new Attempt(session.answer(session.run(cheat)), cheat.guilty());
  }

  /** The same flip before the digest is taken, or between the digest and the next hop. */
  private static Cheat flip(TrialSession session, SplittableRandom random) {
    int cheat = random.nextInt(HOPS);
    boolean before = cheat == HOPS - 1 || random.nextBoolean();
    // Steps: the prompt, then a token each. Up to the flip all is as in an honest answer.
    int steps = session.run(Cheat.NONE).output().length;
    int at = random.nextInt(session.prompt.length + steps - 1);
    int position = at < session.prompt.length ? 0 : at;
    int bit = random.nextInt(24) == 23 ? 31 : random.nextInt(23); // no exponent: stays finite
    double where = random.nextDouble();
    return new Cheat() {
      private boolean done;

      @Override
      Set<Integer> guilty() {
        return Set.of(cheat);
      }

      @Override
      void computed(int hop, int step, float[] states) {
        touch(before && hop == cheat && step == position, states);
      }

      @Override
      void handedOn(int hop, int step, float[] states) {
        touch(!before && hop == cheat && step == position, states);
      }

      @Override
      void before(List<SimulatedHop> signing) {
        if (!done) {
          throw new IllegalStateException("nothing was tampered with");
        }
      }

      private void touch(boolean now, float[] states) {
        if (now) {
          done = true;
          int i = (int) (where * states.length);
          states[i] = Float.intBitsToFloat(Float.floatToRawIntBits(states[i]) ^ (1 << bit));
        }
      }
    };
  }

  /** One hop, or all in concert. */
  private static Cheat weights(Weights weights, SplittableRandom random) {
    int cheat = random.nextInt(HOPS + 1);
    return new Cheat() {
      @Override
      Set<Integer> guilty() {
        return cheat == HOPS ? Set.of(0, 1, 2) : Set.of(cheat);
      }

      @Override
      Weights weights(int hop) {
        return cheat == HOPS || hop == cheat ? weights : Weights.TRUE;
      }
    };
  }

  private static Cheat stale(TrialSession session, SplittableRandom random) {
    int cheat = random.nextInt(HOPS);
    int positions = random.nextInt(1, session.prompt.length);
    return new Cheat() {
      @Override
      Set<Integer> guilty() {
        return Set.of(cheat);
      }

      @Override
      int stale(int hop) {
        return hop == cheat ? positions : 0;
      }
    };
  }

  /** By hops in concert that keep silent about it, by an issuer alone, or openly to the hops. */
  private static Attempt systemPrompt(TrialSession session, SplittableRandom random) {
    int[] system = session.ids(random, random.nextInt(1, 6));
    int way = random.nextInt(3);
    Cheat cheat =
        new Cheat() {
          @Override
          int[] slippedIn() {
            return system;
          }

          @Override
          void before(List<SimulatedHop> signing) {
            if (way == 0) {
              for (SimulatedHop hop : signing) {
                hop.inputs.subList(0, system.length).clear();
                hop.outputs.subList(0, system.length).clear();
              }
            }
          }
        };
    if (way < 2) {
      Set<Integer> guilty = way == 0 ? Set.of(0, 1, 2) : Set.of();
      return new Attempt(session.answer(session.run(cheat)), guilty);
    }
    int[] longer = Arrays.copyOf(system, system.length + session.prompt.length);
    System.arraycopy(session.prompt, 0, longer, system.length, session.prompt.length);
    TrialSession.Run run = session.withPrompt(longer).run(Cheat.NONE);
    return new Attempt(session.answer(run, longer, run.output()), Set.of());
  }

  /** Replaced by the last hop, or dropped: by the issuer alone, or by all in concert. */
  private static Attempt token(TrialSession session, TrialModels models, SplittableRandom random) {
    TrialSession.Run honest = session.run(Cheat.NONE);
    int[] output = honest.output();
    int at = random.nextInt(output.length);
    boolean nextDiffers = at + 1 < output.length && output[at] != output[at + 1];
    int way = nextDiffers ? random.nextInt(3) : 0;
    if (way == 0) {
      int other = (output[at] + 1 + random.nextInt(200)) % models.tokenizer().size();
      return by(session, forced(i -> i == at ? other : -1));
    }
    int[] shorter = new int[output.length - 1];
    System.arraycopy(output, 0, shorter, 0, at);
    System.arraycopy(output, at + 1, shorter, at, shorter.length - at);
    if (way == 1) {
      return new Attempt(session.answer(honest, session.prompt, shorter), Set.of());
    }
    Cheat cheat = forced(i -> shorter[i]);
    return new Attempt(session.answer(session.run(cheat, shorter.length)), cheat.guilty());
  }

  /** The last hop gives these tokens instead of those that it should, where they are not -1. */
  private static Cheat forced(IntUnaryOperator tokens) {
    return new Cheat() {
      @Override
      Set<Integer> guilty() {
        return Set.of(HOPS - 1);
      }

      @Override
      int chosen(int index, int id) {
        int other = tokens.applyAsInt(index);
        return other < 0 ? id : other;
      }
    };
  }

  private static Attempt otherSeed(TrialSession session, SplittableRandom random) {
    int[] honest = session.run(Cheat.NONE).output();
    for (int i = 0; i < 1000; i++) {
      long seed = random.nextLong();
      Cheat cheat =
          new Cheat() {
            @Override
            Set<Integer> guilty() {
              return Set.of(HOPS - 1);
            }

            @Override
            SamplerSettings sampler(SamplerSettings declared) {
              return new SamplerSettings(
                  declared.temperature(),
                  declared.topK(),
                  declared.topP(),
                  declared.minP(),
                  declared.repeatPenalty(),
                  declared.repeatWindow(),
                  seed,
                  declared.logitBias());
            }
          };
      TrialSession.Run run = session.run(cheat);
      // A seed that draws the same tokens is no harm, and nobody can tell.
      if (!Arrays.equals(run.output(), honest)) {
        return new Attempt(session.answer(run), cheat.guilty());
      }
    }
    throw new IllegalStateException("every seed draws the same");
  }

  /** The old receipt as it was, with its hops under a new head, or its hops put in by an issuer. */
  private static Attempt replayed(TrialSession session, SplittableRandom random) {
    TrialSession.Run run = session.run(Cheat.NONE);
    Answer old = session.answer(run);
    Hash32 newSalt = TrialSession.hash(random);
    int[] output = run.output();
    Answer fresh =
        new Answer(old.receipt(), Answer.known(newSalt, session.prompt, output), old.told());
    if (random.nextBoolean()) {
      return new Attempt(fresh, Set.of());
    }
    Receipt receipt = old.receipt();
    Receipt made =
        new Receipt(
            session.terms(random, session.terms.sampler()),
            Commitment.to(newSalt, session.prompt, output),
            receipt.finish(),
            receipt.issuedMillis() + 1,
            receipt.hops(),
            receipt.replaced(),
            receipt.issuer(),
            receipt.signature());
    return new Attempt(new Answer(signed(made), fresh.known(), old.told()), Set.of());
  }

  private static Receipt signed(Receipt unsigned) {
    return with(unsigned, unsigned.hops(), TrialSession.ISSUER.sign(unsigned.signedBytes()));
  }

  private static Receipt with(Receipt receipt, List<Receipt.Hop> hops, byte[] signature) {
    return new Receipt(
        receipt.terms(),
        receipt.commitment(),
        receipt.finish(),
        receipt.issuedMillis(),
        hops,
        receipt.replaced(),
        receipt.issuer(),
        signature);
  }

  /** The issuer's by a stranger, a hop's by a stranger, or a bit of a hop's. */
  private static Attempt forged(TrialSession session, SplittableRandom random) {
    Answer honest = session.answer(session.run(Cheat.NONE));
    Receipt receipt = honest.receipt();
    byte[] message = receipt.signedBytes();
    int way = random.nextInt(3);
    if (way == 0) {
      byte[] strangers = SeededRandom.identity(5).sign(message);
      return new Attempt(
          new Answer(with(receipt, receipt.hops(), strangers), honest.known(), honest.told()),
          Set.of());
    }
    int at = random.nextInt(HOPS);
    Receipt.Hop hop = receipt.hops().get(at);
    byte[] signature = hop.signature();
    if (way == 1) {
      signature =
          SeededRandom.identity(5).sign(receipt.statements().get(at).statement().signedBytes());
    } else {
      signature[random.nextInt(signature.length)] ^= (byte) (1 << random.nextInt(8));
    }
    List<Receipt.Hop> hops = new ArrayList<>(receipt.hops());
    hops.set(
        at,
        new Receipt.Hop(
            hop.peer(),
            hop.range(),
            hop.inputs(),
            hop.outputs(),
            hop.tokens(),
            hop.policy(),
            signature));
    Receipt changed = signed(with(receipt, hops, receipt.signature()));
    return new Attempt(new Answer(changed, honest.known(), honest.told()), Set.of());
  }
}
