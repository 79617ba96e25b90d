package org.folkmoot.cli.swarm;

import java.net.InetAddress;
import java.util.List;
import java.util.function.LongSupplier;

/** The addresses of this machine, looked up now and then. On the loop only. */
final class MachineAddresses {
  /** A laptop that moves has another address; to look at each new link would be often. */
  private static final long LOOK_AGAIN_NANOS = 10_000_000_000L;

  private final LongSupplier nanos;
  private List<InetAddress> latest = List.of();
  private long seen;

  MachineAddresses(LongSupplier nanos) {
    this.nanos = nanos;
  }

  /** As {@link NodeAddresses#machine}, as of late. */
  List<InetAddress> now() {
    long now = nanos.getAsLong();
    if (latest.isEmpty() || now - seen > LOOK_AGAIN_NANOS) {
      latest = NodeAddresses.machine();
      seen = now;
    }
    return latest;
  }
}
