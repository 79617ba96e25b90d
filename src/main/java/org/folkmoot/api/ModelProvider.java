package org.folkmoot.api;

import java.util.List;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.session.LanguageModel;

/**
 * Where the server finds its models. Safe for many threads. Models that it opens stay its own: it
 * may close those that nobody uses.
 */
public interface ModelProvider {
  /**
   * A model that requests may name.
   *
   * @param name what a request's {@code model} says, for example {@code smollm2:135m}
   * @param created seconds since 1970 at which it came to this node
   * @param owner who made it, as far as known, for example {@code HuggingFaceTB}
   */
  record Available(String name, long created, String owner) {}

  /** A model in use; closing says that its user is through with it. */
  interface Lease extends AutoCloseable {
    /** The model, open until the lease is closed. */
    LanguageModel model();

    @Override
    void close();
  }

  /** What requests may name, in the order in which to list it. */
  List<Available> available();

  /**
   * The model of that name, opened if it is not open yet.
   *
   * @throws FolkmootException NOT_FOUND with a message that suggests near names; NO_ROOM; BUSY if
   *     other models must be closed first and are in use; BAD_FILE and others if the file cannot be
   *     used
   */
  Lease open(String name);

  /** What to say of a name that is not available: NOT_FOUND, with near names suggested. */
  FolkmootException unknown(String name);

  /** Whether this node can answer: the arithmetic's self-test has passed. */
  boolean ready();
}
