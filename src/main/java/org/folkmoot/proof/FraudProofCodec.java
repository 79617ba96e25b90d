package org.folkmoot.proof;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.folkmoot.base.Hash32;
import org.folkmoot.wire.Limits;
import org.folkmoot.wire.Message;
import org.folkmoot.wire.SignedStatement;
import org.folkmoot.wire.TraceKey;
import org.folkmoot.wire.WireException;

/** Fraud proofs as canonical CBOR; {@code docs/fraud-proof.md} has the layout. */
final class FraudProofCodec {
  private static final int VERSION = 1;

  private static final int KEY_VERSION = 1;
  private static final int KEY_KIND = 2;
  private static final int KEY_STATEMENT = 3;
  private static final int KEY_OTHER = 4;
  private static final int KEY_SAMPLING = 5;
  private static final int KEY_TRACE_KEY = 6;
  private static final int KEY_REPLIES = 7;
  private static final int KEY_OPERATOR = 8;
  private static final int KEY_INPUTS = 9;
  private static final int KEY_IDS = 10;
  private static final int KEY_POSITION = 11;
  private static final int KEY_OPENED = 12;

  private static final int CONTRADICTION = 1;
  private static final int BROKEN_REPLIES = 2;
  private static final int WRONG_OPERATOR = 3;
  private static final int WRONG_SPAN = 4;
  private static final int WRONG_TOKEN = 5;

  /** Bytes of a statement: its fields with all adapters, key and signature take under 800. */
  private static final int MAX_STATEMENT = 1024;

  /** Settings before the biases: seven of four bytes less one, and the seed. */
  private static final int SAMPLING_BYTES = 6 * 4 + 8;

  private FraudProofCodec() {}

  static byte[] encode(FraudProof proof) {
    CborWriter out = new CborWriter();
    switch (proof) {
      case FraudProof.Contradiction(var statement, var other, var sampling) -> {
        begin(out, CONTRADICTION, statement, 1 + (sampling.isPresent() ? 1 : 0));
        out.number(KEY_OTHER).bytes(other.toBytes());
        write(out, sampling);
      }
      case FraudProof.BrokenReplies(var statement, var key, var replies) -> {
        begin(out, BROKEN_REPLIES, statement, 2);
        out.number(KEY_TRACE_KEY).bytes(key.key().bytes());
        write(out, replies);
      }
      case FraudProof.WrongOperator wrong -> {
        begin(out, WRONG_OPERATOR, wrong.statement(), 4);
        out.number(KEY_TRACE_KEY).bytes(wrong.key().key().bytes());
        write(out, wrong.replies());
        ReplyCodec.write(out.number(KEY_OPERATOR), wrong.at());
        ReplyCodec.write(out.number(KEY_INPUTS), wrong.inputs());
      }
      case FraudProof.WrongSpan wrong -> {
        begin(out, WRONG_SPAN, wrong.statement(), 2 + (wrong.sampling().isPresent() ? 1 : 0));
        write(out, wrong.sampling());
        out.number(KEY_TRACE_KEY).bytes(wrong.key().key().bytes());
        out.number(KEY_IDS).bytes(bytes(wrong.ids()));
      }
      case FraudProof.WrongToken wrong -> {
        begin(out, WRONG_TOKEN, wrong.statement(), 4);
        write(out, Optional.of(wrong.sampling()));
        out.number(KEY_TRACE_KEY).bytes(wrong.key().key().bytes());
        out.number(KEY_POSITION).number(wrong.position());
        ReplyCodec.write(
            out.number(KEY_OPENED), List.of(wrong.state(), wrong.history(), wrong.chosen()));
      }
    }
    return out.toBytes();
  }

  private static void begin(CborWriter out, int kind, SignedStatement statement, int more) {
    out.map(3 + more).number(KEY_VERSION).number(VERSION).number(KEY_KIND).number(kind);
    out.number(KEY_STATEMENT).bytes(statement.toBytes());
  }

  private static void write(CborWriter out, List<SignedReply> replies) {
    out.number(KEY_REPLIES).array(replies.size());
    replies.forEach(reply -> ReplyCodec.write(out, reply));
  }

  private static void write(CborWriter out, Optional<Message.Sampling> sampling) {
    sampling.ifPresent(settings -> out.number(KEY_SAMPLING).bytes(bytes(settings)));
  }

  static FraudProof decode(byte[] bytes) {
    CborReader in = new CborReader(bytes, "fraud proof");
    in.require(bytes.length <= FraudProof.MAX_BYTES, "it is too long");
    int fields = in.map(7);
    key(in, KEY_VERSION);
    in.require(in.number(0, Integer.MAX_VALUE) == VERSION, "it is of an unknown version");
    key(in, KEY_KIND);
    int kind = in.number(CONTRADICTION, WRONG_TOKEN);
    key(in, KEY_STATEMENT);
    SignedStatement statement = statement(in);
    FraudProof proof =
        switch (kind) {
          case CONTRADICTION -> contradiction(in, fields, statement);
          case BROKEN_REPLIES -> brokenReplies(in, fields, statement);
          case WRONG_OPERATOR -> wrongOperator(in, fields, statement);
          case WRONG_SPAN -> wrongSpan(in, fields, statement);
          case WRONG_TOKEN -> wrongToken(in, fields, statement);
          default -> throw in.bad("it is of an unknown kind");
        };
    in.end();
    return proof;
  }

  private static FraudProof contradiction(CborReader in, int fields, SignedStatement statement) {
    in.require(fields == 4 || fields == 5, "it has the wrong fields");
    key(in, KEY_OTHER);
    SignedStatement other = statement(in);
    return new FraudProof.Contradiction(statement, other, sampling(in, fields == 5));
  }

  private static FraudProof brokenReplies(CborReader in, int fields, SignedStatement statement) {
    in.require(fields == 5, "it has the wrong fields");
    return new FraudProof.BrokenReplies(statement, traceKey(in), replies(in));
  }

  private static FraudProof wrongOperator(CborReader in, int fields, SignedStatement statement) {
    in.require(fields == 7, "it has the wrong fields");
    TraceKey traceKey = traceKey(in);
    List<SignedReply> replies = replies(in);
    key(in, KEY_OPERATOR);
    if (!(ReplyCodec.readQuestion(in) instanceof Question.Inputs at)) {
      throw in.bad("it names no operator");
    }
    key(in, KEY_INPUTS);
    return new FraudProof.WrongOperator(
        statement, traceKey, replies, at, ReplyCodec.readSources(in));
  }

  private static FraudProof wrongSpan(CborReader in, int fields, SignedStatement statement) {
    in.require(fields == 5 || fields == 6, "it has the wrong fields");
    Optional<Message.Sampling> sampling = sampling(in, fields == 6);
    TraceKey traceKey = traceKey(in);
    key(in, KEY_IDS);
    byte[] ids = in.bytes(Limits.MAX_POSITIONS * Integer.BYTES);
    in.require(ids.length % Integer.BYTES == 0, "its ids have a wrong length");
    return new FraudProof.WrongSpan(statement, traceKey, ids(ids), sampling);
  }

  private static FraudProof wrongToken(CborReader in, int fields, SignedStatement statement) {
    in.require(fields == 7, "it has the wrong fields");
    Message.Sampling sampling = sampling(in, true).orElseThrow();
    TraceKey traceKey = traceKey(in);
    key(in, KEY_POSITION);
    int position = in.number(1, Limits.MAX_POSITIONS);
    key(in, KEY_OPENED);
    List<Reply.Source> opened = ReplyCodec.readSources(in);
    in.require(opened.size() == 3, "it opens the wrong number of things");
    return new FraudProof.WrongToken(
        statement, traceKey, sampling, position, opened.get(0), opened.get(1), opened.get(2));
  }

  private static void key(CborReader in, int key) {
    in.require(in.number(0, Integer.MAX_VALUE) == key, "a field is missing or out of order");
  }

  private static TraceKey traceKey(CborReader in) {
    key(in, KEY_TRACE_KEY);
    return new TraceKey(Hash32.of(in.exactly(Hash32.BYTES)));
  }

  private static SignedStatement statement(CborReader in) {
    try {
      return SignedStatement.parse(in.bytes(MAX_STATEMENT));
    } catch (WireException malformed) {
      throw in.bad("a statement is malformed");
    }
  }

  private static List<SignedReply> replies(CborReader in) {
    key(in, KEY_REPLIES);
    int count = in.array(FraudProof.MAX_REPLIES);
    List<SignedReply> replies = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      replies.add(ReplyCodec.readSigned(in));
    }
    return replies;
  }

  /** Little-endian: the settings in the order of {@code SamplingHash}, then biases by token id. */
  private static byte[] bytes(Message.Sampling s) {
    byte[] bytes = new byte[SAMPLING_BYTES + 8 * s.logitBias().size()];
    ByteBuffer out = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    out.putFloat(s.temperature()).putInt(s.topK()).putFloat(s.topP()).putFloat(s.minP());
    out.putFloat(s.repeatPenalty()).putInt(s.repeatWindow()).putLong(s.seed());
    new TreeMap<>(s.logitBias()).forEach((id, bias) -> out.putInt(id).putFloat(bias));
    return bytes;
  }

  private static Optional<Message.Sampling> sampling(CborReader in, boolean present) {
    if (!present) {
      return Optional.empty();
    }
    key(in, KEY_SAMPLING);
    byte[] bytes = in.bytes(SAMPLING_BYTES + 8 * Limits.MAX_BIAS);
    in.require(
        bytes.length >= SAMPLING_BYTES && (bytes.length - SAMPLING_BYTES) % 8 == 0,
        "its settings have a wrong length");
    ByteBuffer from = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    Map<Integer, Float> bias = new HashMap<>();
    Message.Sampling settings =
        new Message.Sampling(
            from.getFloat(),
            from.getInt(),
            from.getFloat(),
            from.getFloat(),
            from.getFloat(),
            from.getInt(),
            from.getLong(),
            biases(from, bias),
            new int[0],
            -1);
    in.require(Arrays.equals(bytes(settings), bytes), "its settings are not in canonical form");
    return Optional.of(settings);
  }

  private static Map<Integer, Float> biases(ByteBuffer from, Map<Integer, Float> into) {
    while (from.hasRemaining()) {
      into.put(from.getInt(), from.getFloat());
    }
    return into;
  }

  private static byte[] bytes(int[] ids) {
    byte[] bytes = new byte[ids.length * Integer.BYTES];
    ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).asIntBuffer().put(ids);
    return bytes;
  }

  private static int[] ids(byte[] bytes) {
    int[] ids = new int[bytes.length / Integer.BYTES];
    ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).asIntBuffer().get(ids);
    return ids;
  }
}
