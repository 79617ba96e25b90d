package org.folkmoot.proof;

import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.wire.Limits;
import org.folkmoot.wire.Message;
import org.folkmoot.wire.SignedStatement;
import org.folkmoot.wire.TraceKey;

/**
 * Evidence that a peer signed what no honest computer can have. It needs no trust in whoever brings
 * it: everything that convicts is signed by the accused or follows from the model's bytes. That it
 * erred is proven, not why.
 *
 * <p>{@code docs/fraud-proof.md} has the bytes. {@link FraudProofCheck} checks.
 */
public sealed interface FraudProof {
  /** Bytes of a proof: an opening, the hashes of all other answers, and some for the rest. */
  int MAX_BYTES = 12 << 20;

  /** Replies in a proof: one of each kind. */
  int MAX_REPLIES = 6;

  /** The accused's statement. */
  SignedStatement statement();

  /**
   * Two statements of one peer about the same inputs that say different things. Needs no model.
   *
   * @param sampling the sampler's settings, where only the tokens differ, and what the peer was
   *     told before them does, too: without a repetition penalty that does not matter
   */
  record Contradiction(
      SignedStatement statement, SignedStatement other, Optional<Message.Sampling> sampling)
      implements FraudProof {
    @Override
    public boolean equals(Object other) {
      return other instanceof Contradiction that && Arrays.equals(toBytes(), that.toBytes());
    }

    @Override
    public int hashCode() {
      return Objects.hash(statement, other);
    }
  }

  /**
   * Answers in a dispute that do not fit what the peer signed before: the last does not.
   *
   * @param replies in the order in which each needs those before
   */
  record BrokenReplies(SignedStatement statement, TraceKey key, List<SignedReply> replies)
      implements FraudProof {
    /** Copies. */
    public BrokenReplies {
      replies = List.copyOf(replies);
      requireFew(replies);
    }
  }

  /**
   * One operator at one position whose result, as the peer signed it, is not what comes of its
   * inputs, as the peer signed them.
   *
   * @param replies what the peer answered on the way down
   * @param at which operator and position
   * @param inputs rows of the operator's inputs; whoever opened them, they hash to what was signed
   */
  record WrongOperator(
      SignedStatement statement,
      TraceKey key,
      List<SignedReply> replies,
      Question.Inputs at,
      List<Reply.Source> inputs)
      implements FraudProof {
    /** Copies. */
    public WrongOperator {
      replies = List.copyOf(replies);
      inputs = new Reply.Opened(inputs).sources();
      requireFew(replies);
    }
  }

  /**
   * A whole statement that does not come of the tokens that it is about. Discloses them.
   *
   * @param ids of all positions
   * @param sampling the sampler's settings, to hold the tokens against them, too
   */
  record WrongSpan(
      SignedStatement statement, TraceKey key, int[] ids, Optional<Message.Sampling> sampling)
      implements FraudProof {
    /** Copies and checks the bounds. */
    public WrongSpan {
      ids = ids.clone();
      if (ids.length > Limits.MAX_POSITIONS) {
        throw new IllegalArgumentException(ids.length + " ids");
      }
    }

    @Override
    public int[] ids() {
      return ids.clone();
    }

    @Override
    public boolean equals(Object other) {
      return other instanceof WrongSpan that && Arrays.equals(toBytes(), that.toBytes());
    }

    @Override
    public int hashCode() {
      return Objects.hash(statement, key, Arrays.hashCode(ids));
    }
  }

  /**
   * One token that the last hop chose, where norm, head and settings choose another from the hidden
   * state and the tokens before, as the hop signed them. Discloses that one state, that token, and
   * with a repetition penalty the tokens in its window.
   *
   * @param position of the token
   * @param state the hidden state at the position before
   * @param history tokens that the hop was told, as far as the choice depends on them
   * @param chosen tokens that it chose, as far as the choice depends on them, and the token itself
   */
  record WrongToken(
      SignedStatement statement,
      TraceKey key,
      Message.Sampling sampling,
      int position,
      Reply.Source state,
      Reply.Source history,
      Reply.Source chosen)
      implements FraudProof {
    /** Checks the bounds. */
    public WrongToken {
      if (position < 1 || position > Limits.MAX_POSITIONS) {
        throw new IllegalArgumentException("position " + position);
      }
    }

    @Override
    public boolean equals(Object other) {
      return other instanceof WrongToken that && Arrays.equals(toBytes(), that.toBytes());
    }

    @Override
    public int hashCode() {
      return Objects.hash(statement, key, position);
    }
  }

  private static void requireFew(List<SignedReply> replies) {
    if (replies.size() > MAX_REPLIES) {
      throw new IllegalArgumentException(replies.size() + " replies");
    }
  }

  /** Its canonical bytes. */
  default byte[] toBytes() {
    return FraudProofCodec.encode(this);
  }

  /**
   * What {@link #toBytes} wrote. Any bytes may be given.
   *
   * @throws FolkmootException BAD_FILE if it is nothing of the kind, or not in its canonical form
   */
  static FraudProof parse(byte[] bytes) {
    return FraudProofCodec.decode(bytes);
  }
}
