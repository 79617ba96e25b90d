package org.folkmoot.proof;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import org.folkmoot.base.Hash32;
import org.folkmoot.engine.sampling.SamplerSettings;
import org.folkmoot.peer.Identity;
import org.folkmoot.peer.SeededRandom;
import org.folkmoot.wire.HopStatement;
import org.folkmoot.wire.LayerRange;
import org.folkmoot.wire.ModelId;
import org.folkmoot.wire.SessionId;
import org.folkmoot.wire.SignedStatement;
import org.folkmoot.wire.TraceKey;

/**
 * A receipt whose hops computed nothing, but agree and sign: everything of it follows from a seed.
 */
public final class MadeReceipt {
  static final String TEMPLATE = "{{ messages }}";
  static final String SYSTEM = "Answer in verse.";

  final SplittableRandom random;
  final Identity issuer;
  final AnswerFacts facts;
  public final Disclosure disclosure;
  public final Receipt receipt;

  /** Over so many hops of four layers each. */
  public MadeReceipt(long seed, int hops, int promptTokens, int outputTokens) {
    random = new SplittableRandom(seed);
    issuer = SeededRandom.identity(seed);
    Hash32 salt = hash();
    int[] prompt = ids(promptTokens);
    int[] output = ids(outputTokens);
    disclosure = new Disclosure(salt, prompt, output, Optional.of(TEMPLATE), Optional.of(SYSTEM));
    Terms terms =
        new Terms(
            new SessionId(random.nextLong(), random.nextLong()),
            new ModelId(hash()),
            List.of(),
            Optional.of(Terms.hashOf(TEMPLATE)),
            Optional.of(Terms.hashOf(SYSTEM)),
            new SamplerSettings(0.7f, 40, 0.95f, 0.05f, 1, 64, random.nextLong(), Map.of()),
            List.of());
    facts =
        new AnswerFacts(
            terms,
            salt,
            prompt,
            output,
            Receipt.Finish.END_OF_ANSWER,
            1_767_225_600_000L,
            statements(terms, seed, hops),
            List.of());
    receipt = ReceiptSigner.sign(facts, issuer);
  }

  /** What salts its trees. */
  public TraceKey key() {
    return TraceKey.ofSalt(disclosure.salt());
  }

  private List<SignedStatement> statements(Terms terms, long seed, int hops) {
    TraceKey key = TraceKey.ofSalt(disclosure.salt());
    int[] ids = disclosure.ids();
    int prompt = disclosure.promptIds().length;
    HopStatement.Sampled sampled =
        new HopStatement.Sampled(
            terms.samplingHash(),
            prompt,
            ids.length - prompt,
            key.tokensRoot(ids, 0, prompt),
            key.tokensRoot(ids, prompt, ids.length));
    List<SignedStatement> signed = new ArrayList<>();
    Hash32 inputs = ReceiptCheck.inputRoot(disclosure);
    for (int i = 0; i < hops; i++) {
      boolean last = i == hops - 1;
      Hash32 outputs = hash();
      HopStatement statement =
          new HopStatement(
              terms.session(),
              terms.model(),
              terms.adapters(),
              new LayerRange(i == 0, 4 * i, 4 * i + 4, last),
              ids.length - 1,
              key.hash(),
              inputs,
              outputs,
              last ? Optional.of(sampled) : Optional.empty(),
              Optional.empty());
      Identity hop = SeededRandom.identity(seed + 1 + i);
      signed.add(new SignedStatement(hop.peerId(), statement, hop.sign(statement.signedBytes())));
      inputs = outputs;
    }
    return signed;
  }

  Hash32 hash() {
    byte[] bytes = new byte[Hash32.BYTES];
    random.nextBytes(bytes);
    return Hash32.of(bytes);
  }

  private int[] ids(int count) {
    return random.ints(count, 0, 49_152).toArray();
  }

  static List<Finding> check(Receipt receipt, Disclosure disclosure) {
    return new ReceiptCheck(Identity::verify).check(receipt, disclosure);
  }
}
