package org.folkmoot.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.folkmoot.base.Hash32;
import org.folkmoot.peer.Membership;
import org.folkmoot.peer.PeerBook;
import org.folkmoot.wire.LayerRange;
import org.jspecify.annotations.Nullable;

/**
 * A swarm: peers that serve and come and go, clients that ask, faults that strike, and what must
 * hold all the while.
 */
final class SimSwarm implements Fault.Target {
  private static final long SECOND = 1_000_000_000L;

  /** An answer is there by then, or has ended with an error. */
  private static final long DEADLINE_NANOS = 300 * SECOND;

  /** Links of one peer, dialled and accepted: membership looks for eight, sessions add some. */
  private static final int MOST_LINKS = 400;

  /**
   * How a swarm is made.
   *
   * @param model what it serves
   * @param capacityLayers what one peer can hold
   * @param positions of KV cache of one peer
   * @param mostTokens of an answer
   * @param maxSkewMillis how far clocks are off at most
   */
  record Setup(
      FakeModel model, double capacityLayers, int positions, int mostTokens, int maxSkewMillis) {}

  private final Simulation simulation;
  private final SimNetwork network;
  private final Setup setup;
  private final SplittableRandom random;
  private final List<SimPeer> servers = new ArrayList<>();
  private final List<SimPeer> clients = new ArrayList<>();
  private final List<SimRequest> requests = new ArrayList<>();

  /** Of the requests all that run, and some that have ended. */
  private final List<SimRequest> open = new ArrayList<>();

  private final List<@Nullable SimPeer> byNumber = new ArrayList<>();
  private long asked;
  private int struck;
  private boolean asking = true;

  SimSwarm(Simulation simulation, SimNetwork network, Setup setup) {
    this.simulation = simulation;
    this.network = network;
    this.setup = setup;
    random = simulation.random("swarm");
    simulation.invariant(this::check);
  }

  // ---- who is there

  /** A peer that serves, told of some that are there. */
  SimPeer addServer() {
    return addServer(someContacts());
  }

  /** A peer that serves, told of these. */
  SimPeer addServer(List<SimHost> contacts) {
    SimPeer peer =
        add(byNumber.size(), "server", setup.capacityLayers, new PeerBook(), contacts, true);
    servers.add(peer);
    return peer;
  }

  /** A peer that serves behind a router that lets nobody in. */
  SimPeer addHiddenServer(List<SimHost> contacts) {
    SimPeer peer =
        add(byNumber.size(), "hidden", setup.capacityLayers, new PeerBook(), contacts, false);
    servers.add(peer);
    return peer;
  }

  /** A peer that only asks. */
  SimPeer addClient() {
    return addClient(someContacts());
  }

  /** A peer that only asks, told of these. */
  SimPeer addClient(List<SimHost> contacts) {
    SimPeer peer = add(byNumber.size(), "client", 0, new PeerBook(), contacts, true);
    clients.add(peer);
    return peer;
  }

  /** Starts a dead server again: the same key and address, and the book that it left. */
  SimPeer restart(SimPeer dead) {
    int number = dead.host().loop().number();
    SimPeer peer = add(number, "server", setup.capacityLayers, dead.book(), List.of(), true);
    servers.add(peer);
    return peer;
  }

  private SimPeer add(
      int number,
      String kind,
      double capacityLayers,
      PeerBook book,
      List<SimHost> contacts,
      boolean reachable) {
    int most = setup.maxSkewMillis;
    int skew = most == 0 ? 0 : random.nextInt(2 * most) - most;
    SimHost host = new SimHost(network, number, kind + " " + number, skew, reachable);
    SimPeer peer = new SimPeer(host, setup.model, capacityLayers, setup.positions, book);
    if (number == byNumber.size()) {
      byNumber.add(peer);
    } else {
      byNumber.set(number, peer);
    }
    peer.start(contacts);
    return peer;
  }

  private List<SimHost> someContacts() {
    List<SimPeer> up = new ArrayList<>(alive());
    List<SimHost> contacts = new ArrayList<>();
    for (int i = 0; i < 3 && !up.isEmpty(); i++) {
      contacts.add(up.remove(random.nextInt(up.size())).host());
    }
    return contacts;
  }

  /** Servers whose processes live, frozen or not. */
  List<SimPeer> alive() {
    return servers.stream().filter(SimPeer::alive).toList();
  }

  List<SimPeer> clients() {
    return clients;
  }

  List<SimRequest> requests() {
    return requests;
  }

  /** Whether all layers are served by somebody who lives. */
  boolean covered() {
    boolean[] served = new boolean[setup.model.layers() + 2];
    for (SimPeer peer : alive()) {
      LayerRange range = peer.range();
      if (range != null && peer.host().loop().state() == SimLoop.State.RUNNING) {
        served[0] |= range.embeds();
        served[served.length - 1] |= range.heads();
        for (int layer = range.from(); layer < range.to(); layer++) {
          served[layer + 1] = true;
        }
      }
    }
    for (boolean each : served) {
      if (!each) {
        return false;
      }
    }
    return true;
  }

  // ---- asking

  /** Each client asks again and again from now on, with pauses of this mean. */
  void ask(long meanPauseNanos) {
    for (SimPeer client : clients) {
      askLater(client, meanPauseNanos);
    }
  }

  private void askLater(SimPeer client, long meanPauseNanos) {
    long pause = (long) (random.nextExponential() * meanPauseNanos);
    simulation.schedule(
        pause,
        client.host().loop(),
        () -> {
          if (asking) {
            ask(client);
            askLater(client, meanPauseNanos);
          }
        });
  }

  /** Asks something now; on the client's loop. */
  SimRequest ask(SimPeer client) {
    SimRequest request =
        new SimRequest(
            client.links(),
            client.planner(asked++),
            setup.model,
            random.split(),
            1 + random.nextInt(60),
            1 + random.nextInt(setup.mostTokens),
            random.nextBoolean());
    if (random.nextBoolean()) {
      byte[] salt = new byte[Hash32.BYTES];
      random.nextBytes(salt);
      request.traced(Hash32.of(salt));
    }
    requests.add(request);
    open.add(request);
    request.start();
    simulation.schedule(DEADLINE_NANOS, () -> mustHaveEnded(request));
    if (random.nextInt(8) == 0) {
      simulation.schedule(random.nextLong(3 * SECOND), client.host().loop(), request::cancel);
    }
    return request;
  }

  private static void mustHaveEnded(SimRequest request) {
    assertThat(request.state())
        .as("a request with %d tokens by %s", request.tokens(), request.hops())
        .isNotEqualTo(SimRequest.State.RUNNING);
  }

  // ---- what goes wrong

  @Override
  public void strike(Fault fault) {
    List<SimPeer> up = alive();
    if (up.isEmpty() && !(fault instanceof Fault.Join)) {
      return;
    }
    struck++;
    switch (fault) {
      case Fault.Crash(long _, int which, boolean silently) ->
          up.get(which % up.size()).host().crash(silently);
      case Fault.Freeze(long _, int which, long nanos) -> {
        SimLoop loop = up.get(which % up.size()).host().loop();
        loop.freeze();
        simulation.schedule(nanos, loop::thaw);
      }
      case Fault.Leave(long _, int which) -> up.get(which % up.size()).leave();
      case Fault.Join _ -> addServer();
      case Fault.Slow(long _, int which, double factor, long nanos) -> {
        SimPeer peer = up.get(which % up.size());
        peer.slow(factor);
        simulation.schedule(nanos, () -> peer.slow(1));
      }
      case Fault.Cut(long _, int which) -> up.get(which % up.size()).host().cut();
      case Fault.Partition(long _, int which, int nodes, long nanos) -> {
        List<SimTransport> apart = new ArrayList<>();
        for (int i = 0; i < nodes; i++) {
          apart.add(up.get((which % up.size() + i) % up.size()).host().transport());
        }
        network.separate(apart, 1);
        simulation.schedule(nanos, network::heal);
      }
      case Fault.Loss(long _, double share, long nanos) -> {
        network.loss(share);
        simulation.schedule(nanos, () -> network.loss(0));
      }
    }
  }

  // ---- what must hold

  private void check(@Nullable SimLoop touched) {
    SimPeer peer = touched == null ? null : byNumber.get(touched.number());
    if (peer != null && peer.alive()) {
      if (peer.engineSeats() != peer.seats()) {
        throw new AssertionError(
            "%d seats in engines, %d known".formatted(peer.engineSeats(), peer.seats()));
      }
      if (peer.host().transport().openLinks() > MOST_LINKS) {
        throw new AssertionError(peer.host().transport().openLinks() + " links");
      }
    }
  }

  /**
   * The end of the faults: everybody asks no more, what was asked comes to its end, all that was
   * frozen or cut off is back, and after the leases nothing is left of any session. The model is
   * covered again, and each client gets an answer.
   */
  void settle() {
    asking = false;
    network.heal();
    network.loss(0);
    servers.forEach(peer -> peer.host().loop().thaw());
    boolean ended = simulation.runUntil(this::allHaveEnded, DEADLINE_NANOS);
    simulation.require(() -> assertThat(ended).as("all requests end").isTrue());
    simulation.runFor(120 * SECOND);
    simulation.require(() -> {
      for (SimPeer peer : alive()) {
        assertThat(peer.seats()).as("seats left at %s", peer.host().loop()).isZero();
        assertThat(peer.membership().view().size()).isLessThanOrEqualTo(Membership.MAX_PEERS);
      }
    });
    boolean repaired = simulation.runUntil(this::covered, 300 * SECOND);
    simulation.require(() -> assertThat(repaired).as("coverage comes back").isTrue());
    simulation.runFor(30 * SECOND);
    List<SimRequest> last = new ArrayList<>();
    for (SimPeer client : clients) {
      client.host().loop().execute(() -> last.add(ask(client)));
    }
    simulation.runFor(60 * SECOND);
    simulation.require(() ->
        assertThat(last)
            .hasSameSizeAs(clients)
            .allSatisfy(request ->
                assertThat(request.state())
                    .as("%s", request.failure())
                    .isIn(SimRequest.State.DONE, SimRequest.State.CANCELLED)));
  }

  /** Asked after every event, so it looks at those only that had not ended when it last looked. */
  private boolean allHaveEnded() {
    while (!open.isEmpty() && open.getLast().state() != SimRequest.State.RUNNING) {
      open.removeLast();
    }
    return open.isEmpty();
  }

  /** The share of answers that came to their end, of those that anybody waited for. */
  double finished() {
    long done = requests.stream().filter(each -> each.state() == SimRequest.State.DONE).count();
    long failed = requests.stream().filter(each -> each.state() == SimRequest.State.FAILED).count();
    return done / (double) (done + failed);
  }

  /** What came of it, in a line. */
  String summary() {
    int done = 0;
    int failed = 0;
    int repaired = 0;
    int tokens = 0;
    long gap = 0;
    for (SimRequest request : requests) {
      done += request.state() == SimRequest.State.DONE ? 1 : 0;
      failed += request.state() == SimRequest.State.FAILED ? 1 : 0;
      repaired += request.repairs();
      tokens += request.tokens();
      gap = Math.max(gap, request.longestGapNanos());
    }
    return ("seed %d: %.0f s, %d events, %d faults, %d requests, %d done, %d failed, the rest cancelled;"
            + " %d tokens, %d hops lost and replaced, longest gap %.1f s")
        .formatted(
            simulation.seed(),
            simulation.now() * 1e-9,
            simulation.executed(),
            struck,
            requests.size(),
            done,
            failed,
            tokens,
            repaired,
            gap * 1e-9);
  }
}
