package org.folkmoot.session;

import java.util.List;
import java.util.Optional;
import org.folkmoot.peer.Signer;

/**
 * An answer in the making, pulled token by token by one thread. Nothing is computed ahead of the
 * reader, so a slow reader holds memory but no processor. Closing it frees its KV cache at once
 * (unless a {@link Conversation} keeps it), at any moment and from any thread; a pull that waits
 * then returns empty.
 */
public interface Generation extends AutoCloseable {
  /** Why an answer ended. */
  enum Ending {
    /** The model ended it. */
    END_OF_ANSWER,
    /** A stop string came. */
    STOP_STRING,
    /** The token limit or the context length was reached. */
    LENGTH,
    /** It was closed before its end. */
    CANCELLED
  }

  /**
   * One generated token and the text that became certain with it.
   *
   * @param id the token
   * @param text new text, whole characters only; empty while a character or a possible stop string
   *     is incomplete. What was held back arrives with the last piece.
   * @param logprob natural logarithm of the token's probability before sampling settings; NaN if
   *     not asked for
   * @param top the likeliest tokens in order, as many as asked for
   */
  record Piece(int id, String text, float logprob, List<Alternative> top) {}

  /** A token that could have come, with its log-probability. */
  record Alternative(int id, float logprob) {}

  /**
   * Counts and times.
   *
   * @param promptTokens tokens of the prompt
   * @param generatedTokens tokens generated, an end token included
   * @param cachedTokens tokens of the prompt whose keys and values were there from an earlier
   *     answer, so that they took no time
   * @param promptNanos from the start to the first token
   * @param generateNanos from the first token to the last
   */
  record Usage(
      int promptTokens,
      int generatedTokens,
      int cachedTokens,
      long promptNanos,
      long generateNanos) {
    /** For a prompt that was computed whole. */
    public Usage(int promptTokens, int generatedTokens, long promptNanos, long generateNanos) {
      this(promptTokens, generatedTokens, 0, promptNanos, generateNanos);
    }
  }

  /** A generation that is over. */
  Generation OVER =
      new Generation() {
        @Override
        public Optional<Piece> next() {
          return Optional.empty();
        }

        @Override
        public Optional<Ending> ending() {
          return Optional.of(Ending.CANCELLED);
        }

        @Override
        public Usage usage() {
          return new Usage(0, 0, 0, 0);
        }

        @Override
        public void close() {}
      };

  /**
   * Waits for the next token. Empty at the end. The piece of an end token is returned too, with the
   * text that was held back.
   *
   * @throws org.folkmoot.base.FolkmootException if the model cannot go on
   */
  Optional<Piece> next();

  /** Why it ended; empty while it goes on. */
  Optional<Ending> ending();

  /** What it took so far. */
  Usage usage();

  /**
   * Once it has ended, and before it is closed: what those who computed it signed. Waits for it for
   * seconds at most. Empty if the request had no trace key, if the answer was broken off, or if not
   * all of them signed.
   *
   * @param self signs what this process computed
   */
  default Optional<Evidence> evidence(Signer self) {
    return Optional.empty();
  }

  @Override
  void close();
}
