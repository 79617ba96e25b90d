package org.folkmoot.proof.trial;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import org.folkmoot.base.Hash32;
import org.folkmoot.engine.sampling.Sampler;
import org.folkmoot.engine.sampling.SamplerSettings;
import org.folkmoot.peer.Identity;
import org.folkmoot.peer.SeededRandom;
import org.folkmoot.proof.AnswerFacts;
import org.folkmoot.proof.Receipt;
import org.folkmoot.proof.ReceiptSigner;
import org.folkmoot.proof.Terms;
import org.folkmoot.wire.Digests;
import org.folkmoot.wire.HopStatement;
import org.folkmoot.wire.PeerId;
import org.folkmoot.wire.SessionId;
import org.folkmoot.wire.SignedStatement;
import org.folkmoot.wire.TraceKey;

/** One question, which can be answered honestly and otherwise: everything follows from a seed. */
final class TrialSession {
  /** Peers do not change from session to session. */
  private static final List<Identity> PEERS =
      List.of(SeededRandom.identity(1), SeededRandom.identity(2), SeededRandom.identity(3));

  static final Identity ISSUER = SeededRandom.identity(4);

  private final TrialModels models;
  final int[] prompt;
  final int mostOutput;
  final Hash32 salt;
  final Terms terms;

  /**
   * A question.
   *
   * @param random all of it is drawn from here
   * @param hot whether tokens are to be drawn from many
   */
  TrialSession(TrialModels models, SplittableRandom random, boolean hot) {
    this.models = models;
    prompt = ids(random, random.nextInt(4, 13));
    mostOutput = random.nextInt(5, 11);
    salt = hash(random);
    terms = terms(random, settings(random, hot));
  }

  private TrialSession(TrialSession like, int[] prompt) {
    this.models = like.models;
    this.prompt = prompt;
    this.mostOutput = like.mostOutput;
    this.salt = like.salt;
    this.terms = like.terms;
  }

  /** The same with another prompt. */
  TrialSession withPrompt(int[] other) {
    return new TrialSession(this, other);
  }

  /** Who computes, in order. */
  static List<PeerId> peers() {
    return PEERS.stream().map(Identity::peerId).toList();
  }

  Terms terms(SplittableRandom random, SamplerSettings settings) {
    return new Terms(
        new SessionId(random.nextLong(), random.nextLong()),
        models.id(),
        List.of(),
        Optional.empty(),
        Optional.empty(),
        settings,
        List.of());
  }

  int[] ids(SplittableRandom random, int count) {
    return random.ints(count, 0, models.tokenizer().size()).toArray();
  }

  static Hash32 hash(SplittableRandom random) {
    byte[] bytes = new byte[Hash32.BYTES];
    random.nextBytes(bytes);
    return Hash32.of(bytes);
  }

  private static SamplerSettings settings(SplittableRandom random, boolean hot) {
    float penalty = random.nextInt(4) == 0 ? 1.3f : 1;
    long seed = random.nextLong();
    if (hot || random.nextInt(3) == 0) {
      Map<Integer, Float> bias = Map.of(random.nextInt(300), 2f);
      return new SamplerSettings(1.2f, 0, 1, 0, penalty, 8, seed, bias);
    }
    return random.nextBoolean()
        ? new SamplerSettings(0.7f, 40, 0.95f, 0.05f, penalty, 64, seed, Map.of())
        : new SamplerSettings(0, 0, 1, 0, penalty, 64, 0, Map.of());
  }

  /**
   * What the hops made of it.
   *
   * @param told for each hop the digests that it told
   */
  record Run(int[] output, List<SignedStatement> statements, List<byte[]> told) {}

  /** Lets the hops answer. */
  Run run(Cheat cheat) {
    return run(cheat, mostOutput);
  }

  /** Lets the hops answer with at most so many tokens. */
  Run run(Cheat cheat, int most) {
    List<SimulatedHop> hops = new ArrayList<>();
    for (int i = 0; i < models.ranges().size(); i++) {
      hops.add(
          new SimulatedHop(PEERS.get(i), models.ranges().get(i), models.part(cheat.weights(i), i)));
    }
    int[] output = generate(hops, cheat, most);
    cheat.before(hops);
    List<SignedStatement> statements = new ArrayList<>();
    TraceKey key = TraceKey.ofSalt(salt);
    for (SimulatedHop hop : hops) {
      statements.add(
          hop.statement(
              terms,
              key,
              hop.range().heads() ? Optional.of(sampled(hop, output)) : Optional.empty()));
      hop.close();
    }
    return new Run(output, statements, hops.stream().map(SimulatedHop::told).toList());
  }

  private HopStatement.Sampled sampled(SimulatedHop last, int[] output) {
    TraceKey key = TraceKey.ofSalt(salt);
    int from = last.outputs.size() + 1 - output.length;
    int[] ids = Arrays.copyOf(prompt, from + output.length);
    System.arraycopy(output, 0, ids, from, output.length);
    return new HopStatement.Sampled(
        terms.samplingHash(),
        from,
        output.length,
        key.tokensRoot(ids, 0, from),
        key.tokensRoot(ids, from, ids.length));
  }

  private int[] generate(List<SimulatedHop> hops, Cheat cheat, int most) {
    Sampler sampler = new Sampler(cheat.sampler(terms.sampler()));
    int[] history = Arrays.copyOf(prompt, prompt.length + most);
    int length = prompt.length;
    int[] next = joined(cheat.slippedIn(), prompt);
    int position = 0;
    while (true) {
      float[] logits = pass(hops, cheat, position, next);
      position += next.length;
      int id = sampler.next(logits, 0, models.tokenizer().size(), history, length);
      id = cheat.chosen(length - prompt.length, id);
      history[length++] = id;
      if (length == history.length || models.tokenizer().isEnd(id)) {
        return Arrays.copyOfRange(history, prompt.length, length);
      }
      next = new int[] {id};
    }
  }

  private static int[] joined(int[] first, int[] second) {
    int[] all = Arrays.copyOf(first, first.length + second.length);
    System.arraycopy(second, 0, all, first.length, second.length);
    return all;
  }

  private float[] pass(List<SimulatedHop> hops, Cheat cheat, int position, int[] ids) {
    float[] states = new float[0];
    float[] logits = new float[0];
    for (int i = 0; i < hops.size(); i++) {
      SimulatedHop hop = hops.get(i);
      if (i == 0) {
        Arrays.stream(ids).forEach(hop::rememberInput);
      } else {
        hop.remember(hop.inputs, states, ids.length);
      }
      int stale = position == 0 ? cheat.stale(i) : 0;
      SimulatedHop.Output out = hop.step(i == 0 ? ids : new int[0], states, ids.length, stale);
      states = out.states();
      logits = out.logits();
      cheat.computed(i, position, states);
      hop.remember(hop.outputs, states, ids.length);
      cheat.handedOn(i, position, states);
    }
    return logits;
  }

  /** What the asker has of an honest issuer. */
  Answer answer(Run run) {
    return answer(run, prompt, run.output());
  }

  /** What the asker has of an issuer who speaks of this prompt and this answer. */
  Answer answer(Run run, int[] statedPrompt, int[] statedOutput) {
    boolean ended = models.tokenizer().isEnd(statedOutput[statedOutput.length - 1]);
    AnswerFacts facts =
        new AnswerFacts(
            terms,
            salt,
            statedPrompt,
            statedOutput,
            ended ? Receipt.Finish.END_OF_ANSWER : Receipt.Finish.LENGTH,
            1,
            run.statements(),
            List.of());
    return new Answer(
        ReceiptSigner.sign(facts, ISSUER), Answer.known(salt, prompt, statedOutput), run.told());
  }

  /** Numbers of a digest, for hops that tell what they remember. */
  static byte[] together(List<byte[]> digests) {
    byte[] all = new byte[digests.size() * Digests.BYTES];
    for (int i = 0; i < digests.size(); i++) {
      System.arraycopy(digests.get(i), 0, all, i * Digests.BYTES, Digests.BYTES);
    }
    return all;
  }
}
