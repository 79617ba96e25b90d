package org.folkmoot.store;

/** Hears how a pull goes on. Called by the pulling thread, often: do little. */
@FunctionalInterface
public interface ProgressListener {
  /** Hears nothing. */
  ProgressListener NONE = progress -> {};

  /** What a pull is doing. */
  enum Stage {
    /** Another process pulls the same model; this one waits for it. */
    WAITING,
    /** Bytes come from a network. */
    DOWNLOADING,
    /** A file of this machine is copied. */
    COPYING,
    /** The file is taken out of a package. */
    UNPACKING,
    /** Bytes that are here already are hashed. */
    CHECKING
  }

  /**
   * A moment of a pull.
   *
   * @param stage what is going on
   * @param source where the bytes come from
   * @param bytes how many are done
   * @param total how many there will be; {@value #UNKNOWN} if nobody knows
   */
  record Progress(Stage stage, String source, long bytes, long total) {
    /** A total that nobody knows. */
    public static final long UNKNOWN = -1;
  }

  /** Something moved. */
  void progressed(Progress progress);

  /** One line that a person should read: a source that failed, a hash that nobody promised. */
  default void note(String line) {}
}
