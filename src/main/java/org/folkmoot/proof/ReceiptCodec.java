package org.folkmoot.proof;

import static org.folkmoot.base.FolkmootException.Code.BAD_FILE;
import static org.folkmoot.base.FolkmootException.Code.UNSUPPORTED;
import static org.folkmoot.wire.SignedStatement.SIGNATURE_BYTES;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.folkmoot.base.CborMap;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.base.Hash32;
import org.folkmoot.engine.sampling.SamplerSettings;
import org.folkmoot.proof.Receipt.Hop;
import org.folkmoot.proof.Receipt.Replaced;
import org.folkmoot.wire.HopStatement;
import org.folkmoot.wire.LayerRange;
import org.folkmoot.wire.Limits;
import org.folkmoot.wire.ModelId;
import org.folkmoot.wire.PeerId;
import org.folkmoot.wire.SessionId;

/**
 * The bytes of receipts: canonical CBOR with numbers as keys, field by field in {@code
 * docs/receipt.md}. One receipt has one encoding; any other is refused.
 */
public final class ReceiptCodec {
  /** Bytes of a receipt: the most hops, replaced ones and biases that it may have need fewer. */
  public static final int MAX_BYTES = 48 << 10;

  private static final int VERSION = 2;
  private static final int SIGNATURE = 19;

  /** What is meant by settings that a receipt does not mention; fixed by its version. */
  private static final SamplerSettings UNSAID = new SamplerSettings(0, 0, 1, 0, 1, 64, 0, Map.of());

  private ReceiptCodec() {}

  /** A receipt's bytes. */
  public static byte[] encode(Receipt receipt) {
    return map(receipt).put(SIGNATURE, receipt.signature()).encode();
  }

  /** A receipt's bytes without the issuer's signature. */
  static byte[] unsigned(Receipt receipt) {
    return map(receipt).encode();
  }

  private static CborMap map(Receipt receipt) {
    Terms terms = receipt.terms();
    Commitment commitment = receipt.commitment();
    ByteBuffer session =
        ByteBuffer.allocate(16).putLong(terms.session().high()).putLong(terms.session().low());
    CborMap map =
        CborMap.empty()
            .put(0, VERSION)
            .put(1, Receipt.SEMANTICS)
            .put(2, session.array())
            .put(3, terms.model().sha256())
            .putHashes(4, terms.adapters())
            .put(5, terms.template())
            .put(6, terms.systemPrompt())
            .put(7, sampler(terms.sampler()))
            .putHashes(8, terms.policies())
            .put(9, commitment.promptTokens())
            .put(10, commitment.outputTokens())
            .put(11, commitment.prompt())
            .put(12, commitment.output())
            .put(13, commitment.traceKey())
            .put(14, receipt.finish().code())
            .put(15, receipt.issuedMillis());
    List<CborMap> hops = new ArrayList<>();
    Optional<Hash32> before = Optional.empty();
    for (Hop hop : receipt.hops()) {
      hops.add(hop(hop, before, commitment.promptTokens()));
      before = Optional.of(hop.outputs());
    }
    return map.putList(16, hops, hop -> hop)
        .putList(17, receipt.replaced(), ReceiptCodec::replaced)
        .put(18, receipt.issuer().key());
  }

  private static CborMap sampler(SamplerSettings settings) {
    List<Long> biases = new ArrayList<>();
    new TreeMap<>(settings.logitBias())
        .forEach((id, bias) -> {
          biases.add((long) id);
          biases.add(bits(bias));
        });
    return CborMap.empty()
        .put(0, settings.seed())
        .putUnless(bits(UNSAID.temperature()), 1, bits(settings.temperature()))
        .putUnless(UNSAID.topK(), 2, settings.topK())
        .putUnless(bits(UNSAID.topP()), 3, bits(settings.topP()))
        .putUnless(bits(UNSAID.minP()), 4, bits(settings.minP()))
        .putUnless(bits(UNSAID.repeatPenalty()), 5, bits(settings.repeatPenalty()))
        .putUnless(UNSAID.repeatWindow(), 6, settings.repeatWindow())
        .putNumbers(7, biases);
  }

  private static long bits(float value) {
    return Integer.toUnsignedLong(Float.floatToRawIntBits(value));
  }

  private static CborMap hop(Hop hop, Optional<Hash32> before, int promptTokens) {
    CborMap map = range(CborMap.empty().put(0, hop.peer().key()), hop.range());
    if (!before.equals(Optional.of(hop.inputs()))) {
      map.put(4, hop.inputs());
    }
    map.put(5, hop.outputs());
    hop.tokens()
        .ifPresent(tokens -> map.put(6, tokens.root()).putUnless(promptTokens, 7, tokens.from()));
    map.put(8, hop.policy()).put(9, hop.signature());
    return map.put(10, hop.tokens().map(Receipt.Tokens::history));
  }

  private static CborMap range(CborMap map, LayerRange range) {
    int ends = (range.embeds() ? 1 : 0) + (range.heads() ? 2 : 0);
    return map.put(1, range.from()).put(2, range.to()).putUnless(0, 3, ends);
  }

  private static CborMap replaced(Replaced hop) {
    return range(CborMap.empty().put(0, hop.peer().key()), hop.range())
        .put(4, hop.from())
        .put(5, hop.to());
  }

  /**
   * Reads a stranger's bytes.
   *
   * @throws FolkmootException BAD_FILE if they are no receipt, or not its one encoding; UNSUPPORTED
   *     if they are one of another version
   */
  public static Receipt decode(byte[] bytes) {
    try {
      Receipt receipt = receipt(CborMap.decode(bytes, MAX_BYTES));
      CborMap.require(Arrays.equals(encode(receipt), bytes), "it has another encoding, too");
      return receipt;
    } catch (FolkmootException fault) {
      if (fault.code() == UNSUPPORTED) {
        throw fault;
      }
      throw bad(fault);
    } catch (IllegalArgumentException impossible) {
      throw bad(impossible);
    }
  }

  private static FolkmootException bad(RuntimeException why) {
    return new FolkmootException(
        BAD_FILE, "this is no receipt, or a damaged one: " + why.getMessage(), why);
  }

  private static Receipt receipt(CborMap map) {
    long version = map.number(0);
    if (version != VERSION) {
      throw new FolkmootException(
          UNSUPPORTED,
          "this receipt is of version %d, and only version 2 can be checked here"
              .formatted(version));
    }
    if (!map.text(1, Limits.MAX_TEXT).equals(Receipt.SEMANTICS)) {
      throw new FolkmootException(
          UNSUPPORTED,
          "this receipt is of another arithmetic than sem/1, which is all that is known here");
    }
    ByteBuffer session = ByteBuffer.wrap(map.bytes(2, 16, 16));
    Terms terms =
        new Terms(
            new SessionId(session.getLong(), session.getLong()),
            new ModelId(map.hash(3)),
            map.hashes(4, HopStatement.MAX_ADAPTERS),
            map.optionalHash(5),
            map.optionalHash(6),
            readSampler(map.map(7)),
            map.hashes(8, Terms.MAX_POLICIES));
    Commitment commitment =
        new Commitment(
            map.number(9, 1, Limits.MAX_POSITIONS),
            map.number(10, 1, Limits.MAX_POSITIONS),
            map.hash(11),
            map.hash(12),
            map.hash(13));
    return new Receipt(
        terms,
        commitment,
        Receipt.Finish.of(map.number(14)),
        map.number(15),
        readHops(map, commitment.promptTokens()),
        map.list(17, Receipt.MAX_REPLACED, ReceiptCodec::readReplaced),
        new PeerId(map.hash(18)),
        map.bytes(SIGNATURE, SIGNATURE_BYTES, SIGNATURE_BYTES));
  }

  private static SamplerSettings readSampler(CborMap map) {
    List<Long> flat = map.numbers(7, 2 * Limits.MAX_BIAS);
    CborMap.require(flat.size() % 2 == 0, "a bias is missing");
    Map<Integer, Float> biases = new TreeMap<>();
    for (int i = 0; i < flat.size(); i += 2) {
      long id = flat.get(i);
      long bits = flat.get(i + 1);
      CborMap.require(id == (int) id && bits >= 0 && bits >> 32 == 0, "a bias is out of bounds");
      biases.put((int) id, Float.intBitsToFloat((int) bits));
    }
    return new SamplerSettings(
        map.bits(1, UNSAID.temperature()),
        map.number(2, 0, Integer.MAX_VALUE, UNSAID.topK()),
        map.bits(3, UNSAID.topP()),
        map.bits(4, UNSAID.minP()),
        map.bits(5, UNSAID.repeatPenalty()),
        map.number(6, 0, Integer.MAX_VALUE, UNSAID.repeatWindow()),
        map.number(0),
        biases);
  }

  private static List<Hop> readHops(CborMap map, int promptTokens) {
    List<Hop> hops = new ArrayList<>();
    for (CborMap hop : map.list(16, Receipt.MAX_HOPS, one -> one)) {
      LayerRange range = readRange(hop);
      Hash32 inputs = hop.has(4) || hops.isEmpty() ? hop.hash(4) : hops.getLast().outputs();
      Optional<Receipt.Tokens> tokens = Optional.empty();
      if (range.heads()) {
        int from = hop.number(7, 1, Limits.MAX_POSITIONS + 1, promptTokens);
        tokens = Optional.of(new Receipt.Tokens(from, hop.hash(10), hop.hash(6)));
      }
      hops.add(
          new Hop(
              new PeerId(hop.hash(0)),
              range,
              inputs,
              hop.hash(5),
              tokens,
              hop.optionalHash(8),
              hop.bytes(9, SIGNATURE_BYTES, SIGNATURE_BYTES)));
    }
    return hops;
  }

  private static LayerRange readRange(CborMap map) {
    int ends = map.number(3, 0, 3, 0);
    return new LayerRange(
        (ends & 1) != 0,
        map.number(1, 0, LayerRange.MAX_LAYERS),
        map.number(2, 0, LayerRange.MAX_LAYERS),
        (ends & 2) != 0);
  }

  private static Replaced readReplaced(CborMap map) {
    return new Replaced(
        new PeerId(map.hash(0)),
        readRange(map),
        map.number(4, 0, Limits.MAX_POSITIONS),
        map.number(5, 0, Limits.MAX_POSITIONS));
  }
}
