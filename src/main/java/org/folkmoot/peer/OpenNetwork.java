package org.folkmoot.peer;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * A network on which peers find each other without being introduced, the local one or the open
 * internet: whoever is on it hears what is said, and what is heard proves nothing.
 */
public interface OpenNetwork extends AutoCloseable {
  /**
   * What one node says of itself.
   *
   * @param name unlike all others
   * @param port where it accepts links
   * @param attributes what else it says; short
   * @param hosts its addresses, as literals; of our own notice empty, for the network knows them
   */
  record Notice(String name, int port, Map<String, String> attributes, List<String> hosts) {
    /** Copies. */
    public Notice {
      attributes = Map.copyOf(attributes);
      hosts = List.copyOf(hosts);
    }
  }

  /**
   * Begins to listen, and to say something if there is something to say. Returns at once.
   *
   * @param heard told of each notice, our own perhaps too, on any thread, and again and again
   */
  void begin(Optional<Notice> own, Consumer<Notice> heard);

  /** Takes back what was said and falls silent; waits a second at most. */
  @Override
  void close();
}
