package org.folkmoot.session;

/**
 * Answers one after the other that may share a KV cache: of each prompt only what differs from what
 * the cache holds is computed. In a chat that is the latest turn, however long the chat. The
 * answers are the same to the bit as those of {@link LanguageModel#generate}.
 *
 * <p>Starting an answer closes the one before. Answers are started by one thread at a time; between
 * answers the memory of the cache is kept.
 */
public interface Conversation extends AutoCloseable {
  /**
   * Starts an answer; what is new of the prompt is processed by the first pull.
   *
   * @throws org.folkmoot.base.FolkmootException as {@link LanguageModel#generate}; the cache is
   *     kept
   */
  Generation generate(GenerationRequest request);

  /** Ends the answer under way and frees the cache. */
  @Override
  void close();
}
