package org.folkmoot.api;

import java.util.List;
import java.util.Optional;
import org.folkmoot.api.openai.AnswerWriter.FinishReason;
import org.folkmoot.api.openai.Provenance.Proven;
import org.folkmoot.api.openai.TokenLogprob;

/**
 * Where the answers of one request go. Its choices come from several threads, each choice from one.
 */
interface AnswerSink {
  /** A choice begins. */
  void begin(int choice);

  /** A piece of what the model thinks before a choice; log-probabilities likewise. */
  void thought(int choice, String text, Optional<List<TokenLogprob>> logprobs);

  /** A piece of a choice; log-probabilities only if they were asked for. */
  void piece(int choice, String text, Optional<List<TokenLogprob>> logprobs);

  /** A choice ends. */
  void end(int choice, FinishReason reason, Proven proven);
}
