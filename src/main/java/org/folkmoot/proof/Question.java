package org.folkmoot.proof;

import org.folkmoot.wire.LayerRange;
import org.folkmoot.wire.Limits;

/**
 * What a peer is asked about a statement that it signed. A statement has one true answer to each.
 * Stages and operators are numbered as in {@link org.folkmoot.engine.model.TraceOrder}.
 */
public sealed interface Question {
  /** Positions whose hashes come in one answer: 64 KiB; and 1,024 groups hold any session. */
  int GROUP = 2048;

  /** More operators than any stage has: 14, and three for each of 4,096 heads. */
  int MAX_OPERATORS = 14 + 3 * 4096;

  /** Groups of positions in a sequence. */
  static int groups(int length) {
    return (length + GROUP - 1) / GROUP;
  }

  /** The root of what leaves each stage. */
  record Stages() implements Question {}

  /** The root of each operator of a stage. */
  record Operators(int stage) implements Question {
    /** Checks the bounds. */
    public Operators {
      requireStage(stage);
    }
  }

  /** Of an operator, the subtree of each {@link #GROUP} positions. */
  record Groups(int stage, int operator) implements Question {
    /** Checks the bounds. */
    public Groups {
      requireOperator(stage, operator);
    }
  }

  /** Of an operator, the hash of its row at each position of a group. */
  record Positions(int stage, int operator, int group) implements Question {
    /** Checks the bounds. */
    public Positions {
      requireOperator(stage, operator);
      require(group >= 0 && group < Limits.MAX_POSITIONS / GROUP);
    }
  }

  /**
   * The rows that an operator reads at a position, with what shows that they are the signed ones.
   */
  record Inputs(int stage, int operator, int position) implements Question {
    /** Checks the bounds. */
    public Inputs {
      requireOperator(stage, operator);
      require(position >= 0 && position < Limits.MAX_POSITIONS);
    }
  }

  /** Its canonical bytes, for a message. */
  default byte[] toBytes() {
    CborWriter out = new CborWriter();
    ReplyCodec.write(out, this);
    return out.toBytes();
  }

  /**
   * What {@link #toBytes} wrote. Any bytes may be given.
   *
   * @throws org.folkmoot.base.FolkmootException BAD_FILE if it is nothing of the kind, or not in
   *     its canonical form
   */
  static Question parse(byte[] bytes) {
    CborReader in = new CborReader(bytes, "question in a dispute");
    Question question = ReplyCodec.readQuestion(in);
    in.end();
    return question;
  }

  private static void requireStage(int stage) {
    require(stage >= 0 && stage <= LayerRange.MAX_LAYERS);
  }

  private static void requireOperator(int stage, int operator) {
    requireStage(stage);
    require(operator >= 0 && operator < MAX_OPERATORS);
  }

  private static void require(boolean holds) {
    if (!holds) {
      throw new IllegalArgumentException("a question out of bounds");
    }
  }
}
