package org.folkmoot.proof;

import java.util.ArrayList;
import java.util.List;
import org.folkmoot.base.Hash32;
import org.folkmoot.wire.LayerRange;
import org.folkmoot.wire.Limits;
import org.folkmoot.wire.SignedStatement;

/** Questions and replies as canonical CBOR; {@code docs/fraud-proof.md} has the layout. */
final class ReplyCodec {
  private static final int STAGES = 1;
  private static final int OPERATORS = 2;
  private static final int GROUPS = 3;
  private static final int POSITIONS = 4;
  private static final int INPUTS = 5;

  private static final int HASHES = 1;
  private static final int OPENED = 2;

  private ReplyCodec() {}

  static void write(CborWriter out, Question question) {
    switch (question) {
      case Question.Stages() -> out.array(1).number(STAGES);
      case Question.Operators(int stage) -> out.array(2).number(OPERATORS).number(stage);
      case Question.Groups(int stage, int operator) ->
          out.array(3).number(GROUPS).number(stage).number(operator);
      case Question.Positions(int stage, int operator, int group) ->
          out.array(4).number(POSITIONS).number(stage).number(operator).number(group);
      case Question.Inputs(int stage, int operator, int position) ->
          out.array(4).number(INPUTS).number(stage).number(operator).number(position);
    }
  }

  static Question readQuestion(CborReader in) {
    int fields = in.array(4);
    int kind = in.number(STAGES, INPUTS);
    in.require(
        fields == List.of(1, 2, 3, 4, 4).get(kind - 1),
        "a question has the wrong number of fields");
    if (kind == STAGES) {
      return new Question.Stages();
    }
    int stage = in.number(0, LayerRange.MAX_LAYERS);
    if (kind == OPERATORS) {
      return new Question.Operators(stage);
    }
    int operator = in.number(0, Question.MAX_OPERATORS - 1);
    if (kind == GROUPS) {
      return new Question.Groups(stage, operator);
    }
    return kind == POSITIONS
        ? new Question.Positions(
            stage, operator, in.number(0, Limits.MAX_POSITIONS / Question.GROUP - 1))
        : new Question.Inputs(stage, operator, in.number(0, Limits.MAX_POSITIONS - 1));
  }

  static void write(CborWriter out, Reply reply) {
    switch (reply) {
      case Reply.Hashes(List<Hash32> hashes) -> out.array(2).number(HASHES).bytes(joined(hashes));
      case Reply.Opened opened -> {
        out.array(2).number(OPENED);
        write(out, opened.sources());
      }
    }
  }

  static Reply readReply(CborReader in) {
    in.arrayOf(2);
    return in.number(HASHES, OPENED) == HASHES
        ? new Reply.Hashes(hashes(in, Reply.MAX_HASHES))
        : new Reply.Opened(readSources(in));
  }

  static void write(CborWriter out, List<Reply.Source> sources) {
    out.array(sources.size());
    for (Reply.Source source : sources) {
      out.array(2).bytes(source.rows()).bytes(joined(source.beside()));
    }
  }

  static List<Reply.Source> readSources(CborReader in) {
    int count = in.array(Reply.MAX_SOURCES);
    int left = Reply.MAX_ROW_BYTES;
    List<Reply.Source> sources = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      in.arrayOf(2);
      byte[] rows = in.bytes(left);
      left -= rows.length;
      sources.add(new Reply.Source(rows, hashes(in, Reply.MAX_BESIDE)));
    }
    return sources;
  }

  static void write(CborWriter out, SignedReply signed) {
    out.array(3);
    write(out, signed.question());
    write(out, signed.reply());
    out.bytes(signed.signature());
  }

  static SignedReply readSigned(CborReader in) {
    in.arrayOf(3);
    return new SignedReply(
        readQuestion(in), readReply(in), in.exactly(SignedStatement.SIGNATURE_BYTES));
  }

  private static byte[] joined(List<Hash32> hashes) {
    byte[] all = new byte[hashes.size() * Hash32.BYTES];
    for (int i = 0; i < hashes.size(); i++) {
      System.arraycopy(hashes.get(i).bytes(), 0, all, i * Hash32.BYTES, Hash32.BYTES);
    }
    return all;
  }

  private static List<Hash32> hashes(CborReader in, int most) {
    byte[] all = in.bytes(most * Hash32.BYTES);
    in.require(all.length % Hash32.BYTES == 0, "a list of hashes has the wrong length");
    List<Hash32> hashes = new ArrayList<>(all.length / Hash32.BYTES);
    for (int at = 0; at < all.length; at += Hash32.BYTES) {
      hashes.add(Hash32.of(java.util.Arrays.copyOfRange(all, at, at + Hash32.BYTES)));
    }
    return hashes;
  }
}
