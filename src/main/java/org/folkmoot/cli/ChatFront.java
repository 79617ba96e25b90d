package org.folkmoot.cli;

import java.util.Optional;

/** Where a chat takes place. */
interface ChatFront extends AutoCloseable {
  /** Waits for the next input; empty when there will be no more. */
  Optional<ChatInput> read();

  /** Something for the person that is no answer. */
  void say(String line);

  /** Shows one answer. */
  AnswerWriter answer();

  /** Puts a distance between an answer and what follows. */
  void endAnswer();

  /** Ctrl-C while the model answers. */
  Interrupts interrupts();

  /** Whether nobody is at hand to see and mend what went wrong. */
  boolean isUnattended();

  @Override
  void close();
}
