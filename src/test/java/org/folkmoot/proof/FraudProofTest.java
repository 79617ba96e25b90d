package org.folkmoot.proof;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.upokecenter.cbor.CBOREncodeOptions;
import com.upokecenter.cbor.CBORObject;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.base.Hash32;
import org.folkmoot.engine.model.Operator;
import org.folkmoot.engine.model.TracePoint;
import org.folkmoot.kernel.TensorType;
import org.folkmoot.peer.Identity;
import org.folkmoot.proof.FraudProofCheck.Result;
import org.folkmoot.proof.Parties.Party;
import org.folkmoot.proof.Parties.Table;
import org.folkmoot.testing.Soak;
import org.folkmoot.testing.TinyModel;
import org.folkmoot.testing.TinyModels;
import org.folkmoot.wire.HopStatement;
import org.folkmoot.wire.HopStatement.Sampled;
import org.folkmoot.wire.LayerRange;
import org.folkmoot.wire.Message;
import org.folkmoot.wire.ModelId;
import org.folkmoot.wire.SamplingHash;
import org.folkmoot.wire.SessionId;
import org.folkmoot.wire.SignedStatement;
import org.folkmoot.wire.TraceKey;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a fraud proof proves, and above all what it does not: nothing against who is right. */
class FraudProofTest {
  private static final int LENGTH = 12;
  private static final TracePoint WRONG = TracePoint.of(1, Operator.GATE);
  private static final Hash32 ELSE = Hash32.sha256(new byte[] {42});
  private static final Message.Sampling GREEDY = sampling(0, 1);

  private static final CBOREncodeOptions CANONICAL = new CBOREncodeOptions("ctap2canonical=true");

  @TempDir Path folder;

  private static Message.Sampling sampling(float temperature, float repeatPenalty) {
    return new Message.Sampling(
        temperature, 40, 1, 0, repeatPenalty, 64, 5, Map.of(3, 1f, 1, -1f), new int[0], -1);
  }

  private Parties parties(LayerRange range) {
    TinyModel tiny = TinyModel.of(TensorType.Q8_0).withLayers(2);
    return new Parties(TinyModels.write(folder, tiny), range, LENGTH);
  }

  private Parties parties() {
    return parties(new LayerRange(true, 0, 2, false));
  }

  private static Table lies(Parties parties) {
    return parties.lie(
        2, 4, (point, p, right) -> point.equals(WRONG) && p == 4 ? Parties.flip(right, 22) : right);
  }

  /** All that a peer would sign on the way to an operator: a proof, if it is a wrong one. */
  private static FraudProof.WrongOperator path(Parties parties, Party party, TracePoint at, int p) {
    int stage = parties.order.stageOf(at);
    int operator = parties.order.stage(stage).indexOf(at);
    List<SignedReply> replies = new ArrayList<>();
    for (Question question :
        List.of(
            new Question.Stages(),
            new Question.Operators(stage),
            new Question.Positions(stage, operator, 0))) {
      replies.add(party.prover().answer(question).orElseThrow());
    }
    Reply inputs =
        party.prover().answer(new Question.Inputs(stage, operator, p)).orElseThrow().reply();
    return new FraudProof.WrongOperator(
        party.signed(),
        Parties.KEY,
        replies,
        new Question.Inputs(stage, operator, p),
        ((Reply.Opened) inputs).sources());
  }

  private static void proven(Result result, Party by) {
    assertThat(result).isInstanceOf(Result.Proven.class);
    assertThat(((Result.Proven) result).peer()).isEqualTo(by.identity().peerId());
  }

  private static void notProven(Result result) {
    assertThat(result).as("%s", result).isInstanceOf(Result.NotProven.class);
  }

  // ---- one wrong operator

  @Test
  void oneWrongOperator() {
    try (Parties parties = parties()) {
      Party liar = parties.party(lies(parties));
      proven(parties.withModel().check(path(parties, liar, WRONG, 4)), liar);
      notProven(parties.withModel().check(path(parties, liar, WRONG, 5)));
      notProven(parties.withModel().check(path(parties, liar, TracePoint.of(1, Operator.UP), 4)));
    }
  }

  @Test
  void nothingOfAnHonestPeerIsProof() {
    try (Parties parties = parties()) {
      Party honest = parties.party(parties.truth);
      for (int stage = 1; stage < parties.order.stages(); stage++) {
        for (TracePoint at : parties.order.stage(stage)) {
          notProven(parties.withModel().check(path(parties, honest, at, LENGTH - 1)));
        }
      }
      notProven(
          parties
              .withModel()
              .check(
                  new FraudProof.BrokenReplies(
                      honest.signed(), Parties.KEY, path(parties, honest, WRONG, 4).replies())));
    }
  }

  /** Each part of a proof against a liar, put into one against an honest peer. */
  @Test
  void splicedProofsAreNone() {
    try (Parties parties = parties()) {
      Party honest = parties.party(parties.truth);
      Party liar = parties.party(lies(parties));
      FraudProof.WrongOperator right = path(parties, honest, WRONG, 4);
      FraudProof.WrongOperator wrong = path(parties, liar, WRONG, 4);
      List<FraudProof> forged = new ArrayList<>();
      for (int i = 0; i <= 3; i++) {
        List<SignedReply> mixed = new ArrayList<>(right.replies().subList(0, i));
        mixed.addAll(wrong.replies().subList(i, 3));
        forged.add(with(right, mixed, right.inputs()));
        forged.add(with(right, resigned(mixed, right, wrong), right.inputs()));
        forged.add(with(right, right.replies().subList(0, i), right.inputs()));
        forged.add(new FraudProof.BrokenReplies(right.statement(), right.key(), mixed));
      }
      List<Reply.Source> elsewhere = path(parties, honest, WRONG, 5).inputs();
      forged.add(with(right, right.replies(), elsewhere));
      forged.add(with(right, right.replies(), List.of()));
      Reply.Source first = right.inputs().getFirst();
      forged.add(
          with(
              right,
              right.replies(),
              List.of(new Reply.Source(Parties.flip(first.rows(), 1), first.beside()))));
      for (int[] at : new int[][] {{2, 10, 4}, {2, 11, 3}, {1, 11, 4}, {0, 0, 4}, {9, 0, 0}}) {
        forged.add(
            new FraudProof.WrongOperator(
                right.statement(),
                right.key(),
                right.replies(),
                new Question.Inputs(at[0], at[1], at[2]),
                right.inputs()));
      }
      forged.add(
          new FraudProof.WrongOperator(
              right.statement(), new TraceKey(ELSE), right.replies(), right.at(), right.inputs()));
      for (FraudProof one : forged) {
        notProven(parties.withModel().check(one));
        assertThat(Parties.withoutModel().check(one)).isNotInstanceOf(Result.Proven.class);
      }
    }
  }

  private static FraudProof.WrongOperator with(
      FraudProof.WrongOperator proof, List<SignedReply> replies, List<Reply.Source> inputs) {
    return new FraudProof.WrongOperator(
        proof.statement(), proof.key(), replies, proof.at(), inputs);
  }

  /** The liar's replies with the honest peer's signatures. */
  private static List<SignedReply> resigned(
      List<SignedReply> mixed, FraudProof.WrongOperator right, FraudProof.WrongOperator wrong) {
    List<SignedReply> signed = new ArrayList<>();
    for (int i = 0; i < mixed.size(); i++) {
      SignedReply honest = right.replies().get(i);
      signed.add(
          mixed.get(i).equals(wrong.replies().get(i))
              ? new SignedReply(honest.question(), mixed.get(i).reply(), honest.signature())
              : mixed.get(i));
    }
    return signed;
  }

  // ---- two statements

  @Test
  void twoStatementsAboutTheSame() {
    try (Parties parties = parties()) {
      Party liar = parties.party(parties.truth);
      HopStatement one = liar.signed().statement();
      SignedStatement other = parties.sign(liar.identity(), parties.statement(one.inputs(), ELSE));
      FraudProof proof = new FraudProof.Contradiction(liar.signed(), other, Optional.empty());
      proven(Parties.withoutModel().check(FraudProof.parse(proof.toBytes())), liar);
      proven(parties.dispute(parties.party(liar.identity(), other, parties.truth), liar), liar);
    }
  }

  private static void proven(Dispute dispute, Party by) {
    Outcome.Settled settled = (Outcome.Settled) dispute.outcome().orElseThrow();
    proven(Parties.withoutModel().check(settled.faults().getFirst().proof()), by);
  }

  @Test
  void twoStatementsAboutOtherThings() {
    try (Parties parties = parties()) {
      Party one = parties.party(parties.truth);
      Party another = parties.party(lies(parties));
      HopStatement said = one.signed().statement();
      List<SignedStatement> others = new ArrayList<>();
      others.add(one.signed());
      others.add(another.signed());
      others.add(
          new SignedStatement(
              one.identity().peerId(), another.signed().statement(), another.signed().signature()));
      for (HopStatement different :
          List.of(
              change(said, said.model(), said.range(), said.length(), said.traceKeyHash(), ELSE),
              change(
                  said,
                  new ModelId(ELSE),
                  said.range(),
                  said.length(),
                  said.traceKeyHash(),
                  said.inputs()),
              change(
                  said,
                  said.model(),
                  new LayerRange(true, 0, 1, false),
                  said.length(),
                  said.traceKeyHash(),
                  said.inputs()),
              change(said, said.model(), said.range(), 3, said.traceKeyHash(), said.inputs()),
              change(said, said.model(), said.range(), said.length(), ELSE, said.inputs()))) {
        others.add(parties.sign(one.identity(), different));
      }
      for (SignedStatement other : others) {
        notProven(
            Parties.withoutModel()
                .check(new FraudProof.Contradiction(one.signed(), other, Optional.empty())));
      }
    }
  }

  private static HopStatement change(
      HopStatement s, ModelId model, LayerRange range, int length, Hash32 key, Hash32 inputs) {
    return new HopStatement(
        new SessionId(5, 5),
        model,
        List.of(),
        range,
        length,
        key,
        inputs,
        ELSE,
        s.sampled(),
        Optional.empty());
  }

  // ---- tokens

  private static HopStatement choosing(
      Parties parties, Message.Sampling sampling, Hash32 tokens, Optional<Hash32> policy) {
    return choosing(parties, sampling, Parties.TOKENS, tokens, policy);
  }

  private static HopStatement choosing(
      Parties parties,
      Message.Sampling sampling,
      Hash32 history,
      Hash32 tokens,
      Optional<Hash32> policy) {
    HopStatement s = parties.statement(parties.truth);
    return new HopStatement(
        s.session(),
        s.model(),
        s.adapters(),
        s.range(),
        s.length(),
        s.traceKeyHash(),
        s.inputs(),
        s.outputs(),
        Optional.of(new Sampled(SamplingHash.of(sampling), LENGTH - 2, 3, history, tokens)),
        policy);
  }

  /**
   * Two choices of tokens for one input contradict each other only where nothing else can have
   * decided them: a client can make an honest peer sign both if there is a repetition penalty, by
   * telling it two histories.
   */
  @Test
  void twoChoicesOfTokens() {
    try (Parties parties = parties(new LayerRange(false, 1, 2, true))) {
      Party liar = parties.party(parties.truth);
      for (Message.Sampling settings : List.of(GREEDY, sampling(0.7f, 1.1f))) {
        SignedStatement one =
            parties.sign(
                liar.identity(), choosing(parties, settings, ELSE, ELSE, Optional.empty()));
        SignedStatement other =
            parties.sign(
                liar.identity(), choosing(parties, settings, Parties.TOKENS, Optional.empty()));
        FraudProof proof = new FraudProof.Contradiction(one, other, Optional.of(settings));
        Result result = Parties.withoutModel().check(FraudProof.parse(proof.toBytes()));
        if (settings.repeatPenalty() == 1) {
          proven(result, liar);
        } else {
          notProven(result);
        }
        notProven(
            Parties.withoutModel()
                .check(new FraudProof.Contradiction(one, other, Optional.of(sampling(0.1f, 1)))));
        notProven(
            Parties.withoutModel()
                .check(new FraudProof.Contradiction(one, other, Optional.empty())));
        SignedStatement sameHistory =
            parties.sign(liar.identity(), choosing(parties, settings, ELSE, Optional.empty()));
        proven(
            Parties.withoutModel()
                .check(new FraudProof.Contradiction(sameHistory, other, Optional.empty())),
            liar);
      }
    }
  }

  @Test
  void wrongTokens() {
    try (Parties parties = parties(new LayerRange(false, 1, 2, true))) {
      Party party = parties.party(parties.truth);
      for (Message.Sampling settings : List.of(GREEDY, sampling(0.8f, 1))) {
        Hash32 chosen =
            SpanRepeat.tokensRoot(
                Parties.KEY,
                LENGTH - 2,
                SpanRepeat.of(
                        parties.model,
                        Parties.KEY,
                        new LayerRange(false, 1, 2, true),
                        parties.ids,
                        Optional.of(new SpanRepeat.Wanted(settings, LENGTH - 2)),
                        1)
                    .tokens()
                    .orElseThrow());
        for (Optional<Hash32> policy : List.of(Optional.<Hash32>empty(), Optional.of(ELSE))) {
          for (Hash32 said : List.of(chosen, ELSE)) {
            SignedStatement signed =
                parties.sign(party.identity(), choosing(parties, settings, said, policy));
            FraudProof proof =
                new FraudProof.WrongSpan(signed, Parties.KEY, parties.ids, Optional.of(settings));
            Result result = parties.withModel().check(FraudProof.parse(proof.toBytes()));
            if (said.equals(ELSE) && policy.isEmpty()) {
              proven(result, party);
            } else {
              notProven(result);
            }
          }
        }
      }
    }
  }

  /** What the last hop says about tokens, true but for some that are one too high. */
  private static FraudProof.WrongToken oneToken(
      Parties parties,
      Party party,
      Message.Sampling settings,
      int wrongAt,
      Optional<Hash32> policy) {
    int from = LENGTH - 2;
    byte[][] rows = parties.truth.of(parties.order.stage(0).getLast());
    int[] all = Arrays.copyOf(parties.ids, LENGTH + 1);
    HopStatement about = choosing(parties, settings, ELSE, policy);
    for (int p = from; p <= LENGTH; p++) {
      TokenChoice choice = new TokenChoice(about, Parties.KEY, settings, p);
      all[p] = choice.right(parties.model, rows[p - 1], all, 1) + (p == wrongAt ? 1 : 0);
    }
    byte[] digests = new byte[32 * LENGTH];
    for (int p = 0; p < LENGTH; p++) {
      System.arraycopy(Hash32.sha256(rows[p]).bytes(), 0, digests, 32 * p, 32);
    }
    HopStatement statement =
        choosing(
            parties,
            settings,
            Parties.KEY.tokensRoot(all, 0, from),
            Parties.KEY.tokensRoot(all, from, LENGTH + 1),
            policy);
    int at = wrongAt < 0 ? LENGTH : wrongAt;
    float[] state = new float[rows[at - 1].length / 4];
    ByteBuffer.wrap(rows[at - 1]).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().get(state);
    return TokenChoice.proof(
        parties.sign(party.identity(), statement), Parties.KEY, settings, at, all, digests, state);
  }

  /** One position convicts, whatever the settings; what it depends on is signed. */
  @Test
  void oneWrongToken() {
    try (Parties parties = parties(new LayerRange(false, 1, 2, true))) {
      Party party = parties.party(parties.truth);
      for (Message.Sampling settings : List.of(GREEDY, sampling(0.8f, 1), sampling(0.7f, 1.3f))) {
        notProven(
            parties.withModel().check(oneToken(parties, party, settings, -1, Optional.empty())));
        for (int at = LENGTH - 2; at <= LENGTH; at++) {
          FraudProof.WrongToken wrong = oneToken(parties, party, settings, at, Optional.empty());
          proven(parties.withModel().check(FraudProof.parse(wrong.toBytes())), party);
          assertThat(Parties.withoutModel().check(wrong)).isInstanceOf(Result.NeedsModel.class);
          for (FraudProof.WrongToken other :
              List.of(
                  changed(wrong, sampling(0.2f, 1), wrong.state(), wrong.chosen()),
                  changed(wrong, settings, wrong.chosen(), wrong.chosen()),
                  changed(wrong, settings, wrong.state(), wrong.history()),
                  oneToken(parties, party, settings, at, Optional.of(ELSE)))) {
            notProven(parties.withModel().check(other));
          }
        }
      }
    }
  }

  private static FraudProof.WrongToken changed(
      FraudProof.WrongToken proof, Message.Sampling s, Reply.Source state, Reply.Source chosen) {
    return new FraudProof.WrongToken(
        proof.statement(), proof.key(), s, proof.position(), state, proof.history(), chosen);
  }

  // ---- a whole span

  @Test
  void wrongSpan() {
    for (LayerRange range :
        List.of(
            new LayerRange(true, 0, 2, false),
            new LayerRange(true, 0, 1, false),
            new LayerRange(false, 0, 1, false),
            new LayerRange(false, 1, 2, true),
            new LayerRange(true, 0, 2, true))) {
      try (Parties parties = parties(range)) {
        Party honest = parties.party(parties.truth);
        notProven(parties.withModel().check(span(honest, parties.ids)));
        assertThat(Parties.withoutModel().check(span(honest, parties.ids)))
            .isInstanceOf(Result.NeedsModel.class);
        int[] others = parties.ids.clone();
        others[3]++;
        notProven(parties.withModel().check(span(honest, others)));
        notProven(parties.withModel().check(span(honest, Arrays.copyOf(others, 3))));
        int[] unknown = parties.ids.clone();
        unknown[0] = -1;
        notProven(parties.withModel().check(span(honest, unknown)));

        Table lies = parties.truth.copy();
        TracePoint last = parties.order.stage(parties.order.stages() - 1).getLast();
        lies.of(last)[0] = Parties.flip(lies.of(last)[0], 0);
        Party liar = parties.party(lies);
        FraudProof proof = FraudProof.parse(span(liar, parties.ids).toBytes());
        proven(parties.withModel().check(proof), liar);
        // Its inputs were not these: then the hop before may be the one that is wrong.
        notProven(parties.withModel().check(span(liar, others)));
      }
    }
  }

  private static FraudProof span(Party party, int[] ids) {
    return new FraudProof.WrongSpan(party.signed(), Parties.KEY, ids, Optional.empty());
  }

  // ---- bytes

  private static List<FraudProof> samples(Parties parties, Party party) {
    FraudProof.WrongOperator wrong = path(parties, party, WRONG, 4);
    return List.of(
        wrong,
        new FraudProof.BrokenReplies(wrong.statement(), wrong.key(), wrong.replies()),
        new FraudProof.Contradiction(wrong.statement(), wrong.statement(), Optional.of(GREEDY)),
        new FraudProof.WrongSpan(wrong.statement(), wrong.key(), parties.ids, Optional.of(GREEDY)),
        new FraudProof.WrongToken(
            wrong.statement(),
            wrong.key(),
            GREEDY,
            3,
            wrong.inputs().getFirst(),
            wrong.inputs().getFirst(),
            wrong.inputs().getFirst()),
        span(party, parties.ids));
  }

  /** Whatever is done to the bytes of a proof, it does not convict an honest peer. */
  @Test
  void mutatedBytesConvictNobodyWhoIsRight() {
    mutate(13, 400);
  }

  @Test
  @Soak
  void soak() {
    mutate(
        Integer.getInteger("folkmoot.fuzz.seed", 14),
        Integer.getInteger("folkmoot.fuzz.rounds", 100_000));
  }

  private void mutate(int seed, int rounds) {
    try (Parties parties = parties()) {
      Party honest = parties.party(parties.truth);
      SplittableRandom random = new SplittableRandom(seed);
      for (FraudProof sample : samples(parties, honest)) {
        byte[] bytes = sample.toBytes();
        assertThat(FraudProof.parse(bytes)).isEqualTo(sample);
        assertThat(CBORObject.DecodeFromBytes(bytes, CANONICAL).EncodeToBytes(CANONICAL))
            .as("another library's canonical form")
            .isEqualTo(bytes);
        for (int trial = 0; trial < rounds; trial++) {
          byte[] changed = Mutation.of(bytes, random);
          Optional<FraudProof> parsed = parsed(changed);
          parsed.ifPresent(proof -> {
            assertThat(proof.toBytes()).as("one encoding").isEqualTo(changed);
            boolean heavy = proof instanceof FraudProof.WrongSpan && trialIsRare(changed);
            Result result = (heavy ? parties.withModel() : Parties.withoutModel()).check(proof);
            assertThat(result).isNotInstanceOf(Result.Proven.class);
            if (!(proof instanceof FraudProof.WrongSpan)) {
              assertThat(parties.withModel().check(proof)).isNotInstanceOf(Result.Proven.class);
            }
          });
        }
      }
    }
  }

  /** Repeating a span takes long: one in 16 is. */
  private static boolean trialIsRare(byte[] changed) {
    return Arrays.hashCode(changed) % 16 == 0;
  }

  private static Optional<FraudProof> parsed(byte[] bytes) {
    try {
      return Optional.of(FraudProof.parse(bytes));
    } catch (FolkmootException refused) {
      assertThat(refused.code()).isEqualTo(FolkmootException.Code.BAD_FILE);
      return Optional.empty();
    }
  }

  @Test
  void arbitraryBytesAreRefused() {
    SplittableRandom random = new SplittableRandom(17);
    for (int trial = 0; trial < 20_000; trial++) {
      byte[] bytes = new byte[random.nextInt(64)];
      random.nextBytes(bytes);
      assertThatThrownBy(() -> FraudProof.parse(bytes)).isInstanceOf(FolkmootException.class);
      assertThatThrownBy(() -> SignedReply.parse(bytes)).isInstanceOf(FolkmootException.class);
    }
    assertThatThrownBy(() -> FraudProof.parse(new byte[FraudProof.MAX_BYTES + 1]))
        .hasMessageContaining("too long");
  }

  @Test
  void repliesAreReadAsWritten() {
    try (Parties parties = parties()) {
      Party party = parties.party(parties.truth);
      SplittableRandom random = new SplittableRandom(19);
      for (Question question :
          List.of(
              new Question.Stages(),
              new Question.Operators(1),
              new Question.Groups(1, 2),
              new Question.Positions(2, 3, 0),
              new Question.Inputs(1, 9, 7))) {
        SignedReply reply = party.prover().answer(question).orElseThrow();
        byte[] bytes = reply.toBytes();
        assertThat(SignedReply.parse(bytes)).isEqualTo(reply);
        for (int trial = 0; trial < 300; trial++) {
          byte[] changed = Mutation.of(bytes, random);
          try {
            SignedReply other = SignedReply.parse(changed);
            assertThat(other.toBytes()).isEqualTo(changed);
            assertThat(other.isAbout(party.signed(), Identity::verify)).isFalse();
          } catch (FolkmootException refused) {
            assertThat(refused.code()).isEqualTo(FolkmootException.Code.BAD_FILE);
          }
        }
      }
    }
  }
}
