package org.folkmoot.proof;

import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.folkmoot.base.Hash32;
import org.folkmoot.engine.sampling.SamplerSettings;
import org.folkmoot.peer.Identity;
import org.folkmoot.wire.HopStatement;
import org.folkmoot.wire.LayerRange;
import org.folkmoot.wire.ModelId;
import org.folkmoot.wire.SessionId;
import org.folkmoot.wire.SignedStatement;
import org.folkmoot.wire.TraceKey;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/** The check of a receipt of three hops from its bytes, with its disclosure and alone. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 5, time = 2)
@Fork(1)
public class ReceiptBenchmark {
  /** Tokens of the answer; the prompt has as many. */
  @Param({"256", "4096"})
  int tokens;

  private final ReceiptCheck check = new ReceiptCheck(Identity::verify);
  private byte[] receipt;
  private byte[] disclosure;

  @Setup
  public void make() {
    SecureRandom random = new SecureRandom();
    Hash32 any = Hash32.sha256(new byte[0]);
    int[] ids = IntStream.range(0, tokens).toArray();
    Disclosure opened = new Disclosure(any, ids, ids, Optional.empty(), Optional.empty());
    Terms terms =
        new Terms(
            new SessionId(1, 2),
            new ModelId(any),
            List.of(),
            Optional.empty(),
            Optional.empty(),
            SamplerSettings.USUAL,
            List.of());
    Receipt.Tokens chosen = ReceiptCheck.tokens(opened, tokens);
    HopStatement.Sampled sampled =
        new HopStatement.Sampled(
            terms.samplingHash(), tokens, tokens, chosen.history(), chosen.root());
    List<SignedStatement> statements = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      Identity hop = Identity.random(random);
      HopStatement statement =
          new HopStatement(
              terms.session(),
              terms.model(),
              List.of(),
              new LayerRange(i == 0, 10 * i, 10 * i + 10, i == 2),
              2 * tokens - 1,
              TraceKey.ofSalt(any).hash(),
              i == 0 ? ReceiptCheck.inputRoot(opened) : any,
              any,
              i == 2 ? Optional.of(sampled) : Optional.empty(),
              Optional.empty());
      statements.add(
          new SignedStatement(hop.peerId(), statement, hop.sign(statement.signedBytes())));
    }
    AnswerFacts facts =
        new AnswerFacts(
            terms, any, ids, ids, Receipt.Finish.LENGTH, 1, statements, List.of());
    receipt = ReceiptCodec.encode(ReceiptSigner.sign(facts, Identity.random(random)));
    disclosure = opened.encode();
  }

  @Benchmark
  public List<Finding> alone() {
    return check.check(ReceiptCodec.decode(receipt));
  }

  @Benchmark
  public List<Finding> opened() {
    return check.check(ReceiptCodec.decode(receipt), Disclosure.decode(disclosure));
  }
}
