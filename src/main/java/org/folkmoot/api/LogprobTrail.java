package org.folkmoot.api;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.folkmoot.api.openai.TokenLogprob;
import org.folkmoot.engine.tokenizer.Tokenizer;
import org.folkmoot.session.Generation.Alternative;
import org.folkmoot.session.Generation.Piece;

/**
 * The log-probabilities of one answer, brought into step with its text. A token whose text is held
 * back, because a character or a stop string may be incomplete, waits for the text; tokens of a
 * stop string are not part of the answer and are dropped with it, as is the end token.
 */
final class LogprobTrail {
  private final Tokenizer tokenizer;
  private final boolean wanted;
  private final List<TokenLogprob> held = new ArrayList<>();
  private int textLength;

  LogprobTrail(Tokenizer tokenizer, boolean wanted, int textLength) {
    this.tokenizer = tokenizer;
    this.wanted = wanted;
    this.textLength = textLength;
  }

  void add(Piece piece) {
    if (wanted && !tokenizer.isEnd(piece.id())) {
      TokenLogprob token = TokenLogprob.of(tokenizer, piece.id(), piece.logprob());
      List<TokenLogprob> top = new ArrayList<>(piece.top().size());
      for (Alternative other : piece.top()) {
        top.add(TokenLogprob.of(tokenizer, other.id(), other.logprob()));
      }
      held.add(new TokenLogprob(token.token(), token.bytes(), token.logprob(), 0, top));
    }
  }

  /** Whether tokens wait for their text. */
  boolean isHolding() {
    return !held.isEmpty();
  }

  /** The tokens that go with {@code text}, the next text of the answer. */
  Optional<List<TokenLogprob>> release(String text) {
    if (!wanted) {
      return Optional.empty();
    }
    int end = textLength + text.length();
    int offset = textLength;
    List<TokenLogprob> released = new ArrayList<>(held.size());
    for (TokenLogprob token : held) {
      released.add(
          new TokenLogprob(token.token(), token.bytes(), token.logprob(), offset, token.top()));
      offset = Math.min(end, offset + token.length());
    }
    held.clear();
    textLength = end;
    return Optional.of(released);
  }
}
