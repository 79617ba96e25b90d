package org.folkmoot.cli.swarm;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Supplier;
import org.folkmoot.base.Loop;
import org.folkmoot.peer.Membership;
import org.folkmoot.wire.ModelId;
import org.folkmoot.wire.Offer;

/** What a node offers to its swarm, told anew as its load changes. On the loop only. */
final class NodeOffers {
  /** How often peers are told of the load; the membership drops what differs little. */
  private static final Duration TELL_LOAD = Duration.ofSeconds(15);

  private final Loop loop;
  private final Membership membership;
  private final Map<ModelId, Supplier<Offer>> offers = new LinkedHashMap<>();
  private boolean refreshing;
  private boolean closed;

  NodeOffers(Loop loop, Membership membership) {
    this.loop = loop;
    this.membership = membership;
  }

  /** Says what a model's span offers from now on; asked anew each time the swarm is told. */
  void put(ModelId model, Supplier<Offer> offer) {
    offers.put(model, offer);
    publish();
    if (!refreshing) {
      refreshing = true;
      refresh();
    }
  }

  /** Takes an offer back. */
  void remove(ModelId model) {
    offers.remove(model);
    publish();
  }

  private void refresh() {
    loop.after(
        TELL_LOAD.toNanos(),
        () -> {
          if (!closed) {
            publish();
            refresh();
          }
        });
  }

  private void publish() {
    membership.offer(offers.values().stream().map(Supplier::get).toList());
  }

  void close() {
    closed = true;
  }
}
