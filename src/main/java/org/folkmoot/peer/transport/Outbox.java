package org.folkmoot.peer.transport;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * Links that a thread has given frames while it has more to say: the frames leave together. So the
 * steps of sessions that shared a pass at one hop are there together at the next, and share one
 * again; and eight small frames cost the encryption and the system call of one. For one thread.
 */
final class Outbox {
  private static final ThreadLocal<Outbox> OF_THREAD = ThreadLocal.withInitial(Outbox::new);

  private final Set<ChannelLink> links = new LinkedHashSet<>();
  private int users;

  private Outbox() {}

  /** The calling thread's. */
  static Outbox ofThread() {
    return OF_THREAD.get();
  }

  /** From here on frames wait, until as many {@link #close}. */
  void open() {
    users++;
  }

  /** Sends what waits if nobody else is about to say more. */
  void close() {
    if (--users == 0 && !links.isEmpty()) {
      List<ChannelLink> all = List.copyOf(links);
      links.clear(); // whoever is told that bytes have left may send again
      all.forEach(ChannelLink::post);
    }
  }

  /** Keeps a link's frames for later; false if they are to go now. */
  boolean keeps(ChannelLink link) {
    if (users == 0) {
      return false;
    }
    links.add(link);
    return true;
  }
}
