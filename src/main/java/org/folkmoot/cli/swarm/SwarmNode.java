package org.folkmoot.cli.swarm;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.base.Hash32;
import org.folkmoot.base.Loop;
import org.folkmoot.base.SerialLoop;
import org.folkmoot.peer.Identity;
import org.folkmoot.peer.JoinedSwarm;
import org.folkmoot.peer.LinkSettings;
import org.folkmoot.peer.Links;
import org.folkmoot.peer.Membership;
import org.folkmoot.peer.OpenDiscovery;
import org.folkmoot.peer.OpenNetwork;
import org.folkmoot.peer.PeerBook;
import org.folkmoot.peer.PeerNetwork;
import org.folkmoot.peer.Rendezvous;
import org.folkmoot.peer.relay.Reach;
import org.folkmoot.proof.FraudProof;
import org.folkmoot.proof.FraudProofCheck;
import org.folkmoot.proof.ModelAtHand;
import org.folkmoot.proof.OwnClaim;
import org.folkmoot.route.SwarmView;
import org.folkmoot.serve.BlockServer;
import org.folkmoot.serve.ServerLimits;
import org.folkmoot.session.Hearing;
import org.folkmoot.session.PeerScores;
import org.folkmoot.session.SwarmGeneration;
import org.folkmoot.session.SwarmModel;
import org.folkmoot.wire.Announcement;
import org.folkmoot.wire.Message;
import org.folkmoot.wire.ModelId;
import org.folkmoot.wire.Offer;
import org.folkmoot.wire.PeerAddress;
import org.folkmoot.wire.PeerId;
import org.folkmoot.wire.SignedStatement;
import org.folkmoot.wire.TraceKey;

/**
 * A node of a swarm in this process. One that listens can be dialled and serves; one that does not
 * only asks.
 */
public final class SwarmNode implements AutoCloseable {
  /**
   * What a node is made with.
   *
   * @param folder where its swarm is remembered
   * @param listen where to accept links; empty for a node that only asks
   * @param announced the only address to tell others; empty for those of this machine
   * @param lan whether to look for peers on the local network, and to be found there
   * @param files the model files of this machine by their SHA-256, in hexadecimal
   * @param software name and version, for people
   * @param crash told of defects of ours
   */
  public record Settings(
      SwarmFolder folder,
      Identity identity,
      JoinedSwarm swarm,
      Optional<InetSocketAddress> listen,
      Optional<PeerAddress> announced,
      boolean lan,
      Function<String, Optional<Path>> files,
      String software,
      InstantSource clock,
      LongSupplier nanos,
      RandomGenerator random,
      Consumer<Throwable> crash) {}

  /** What is left to be written down is small; only a disk that hangs takes so long. */
  private static final Duration WRITE_WITHIN = Duration.ofSeconds(10);

  private final Settings settings;
  private final SerialLoop loop;
  private final LoopCalls calls;
  private final Links links;
  private final Membership membership;
  private final Rendezvous rendezvous;
  private final LocalSearch lan;
  private final NodeTransports transports;
  private final Reach reach;
  private final PeerScores scores;
  private final BlockServer server;
  private final NodeCredits credits;
  private final Heads heads;
  private final Policies policies;
  private final NodeAddresses addresses;
  private final MachineAddresses machine;
  private final ExecutorService writer =
      Executors.newSingleThreadExecutor(
          Thread.ofPlatform().daemon().name("folkmoot-book").factory());
  private final ModelFiles files;
  private final NodeDisputes disputes;
  private final NodeOffers offers;
  private final AskedModels models;
  private final List<OpenDiscovery> discoveries = new CopyOnWriteArrayList<>();

  private SwarmNode(Settings settings) {
    this.settings = settings;
    Identity identity = settings.identity;
    loop = new SerialLoop("folkmoot", settings.nanos, settings.clock, settings.crash);
    calls = new LoopCalls(loop);
    links =
        new Links(
            loop, identity.peerId(), settings.swarm.swarm(), settings.software, LinkSettings.USUAL);
    membership =
        new Membership(links, settings.swarm.swarm(), identity, Identity::verify, settings.random);
    scores = new PeerScores(links);
    offers = new NodeOffers(loop, membership);
    models = new AskedModels(this, scores);
    PeerBook book = PeerBook.read(settings.folder.book());
    rendezvous =
        new Rendezvous(
            links,
            membership,
            book,
            bytes -> writer.execute(() -> SwarmFolder.save(settings.folder.book(), bytes)),
            settings.random);
    files = new ModelFiles(settings.files);
    disputes = new NodeDisputes(calls, links, membership, scores, settings.folder, writer, files);
    lan = new LocalSearch(links, settings.swarm.swarm(), rendezvous);
    server = new BlockServer(links, ServerLimits.USUAL, identity, disputes.answering());
    credits = new NodeCredits(loop, identity.peerId(), settings.folder.credits(), writer);
    server.rankBy(credits);
    disputes.standBy(server);
    heads = new Heads(links, settings.folder);
    policies = new Policies(links);
    transports =
        new NodeTransports(links, identity, settings.listen, settings.folder, settings.random);
    machine = new MachineAddresses(loop::nanoTime);
    addresses =
        new NodeAddresses(
            settings
                .listen
                .map(InetSocketAddress::getAddress)
                .orElseGet(InetAddress::getLoopbackAddress),
            transports.port(),
            transports.listensByQuic());
    reach =
        new Reach(
            links,
            membership,
            this::direct,
            membership::addresses,
            transports.direct(),
            settings.random);
  }

  /**
   * Starts a node: it looks for the peers of its swarm from now on.
   *
   * @throws FolkmootException BUSY if the port is taken
   */
  public static SwarmNode start(Settings settings) {
    SwarmNode node = new SwarmNode(settings);
    node.run(() -> {
      node.links.listen(new Losses(node));
      node.links.listen(node.transports.relayed());
      node.membership.listen(node.new Manners());
      if (node.port() != 0) {
        node.membership.addresses(node.addresses());
      }
      node.membership.start();
      if (node.port() != 0) {
        // Where a person has said at which address it is found there is nothing to find out.
        node.reach.start(settings.announced.isEmpty());
      }
      node.rendezvous.start();
      if (settings.lan) {
        node.lan.begin(settings.listen, node.port(), node.addresses.hasQuic());
      }
    });
    return node;
  }

  /** Ends the links to peers that break the rules of membership. */
  private final class Manners implements Membership.Listener {
    @Override
    public void changed() {
      disputes.membersChanged();
    }

    @Override
    public void misbehaved(PeerId peer, Message.Reason reason) {
      scores.failed(peer, Message.Reason.FAILED);
      links.drop(peer, reason, "this peer breaks the rules");
    }
  }

  /** A peer that cannot be reached counts as one that failed, until there is a link. */
  private record Losses(SwarmNode node) implements PeerNetwork.Listener {
    @Override
    public void connected(PeerId peer) {
      node.scores.reached(peer);
    }

    @Override
    public void lost(PeerId peer, Message.Reason reason) {
      if (reason == Message.Reason.UNREACHABLE || reason == Message.Reason.SILENT) {
        node.scores.failed(peer, reason);
      }
    }
  }

  /** As {@link #call}, where nothing comes back. */
  void run(Runnable action) {
    calls.run(action);
  }

  /** Does something on the node's loop and waits for it. Not to be called on the loop. */
  public <T> T call(Supplier<T> action) {
    return calls.call(action);
  }

  /** Who this node is. */
  public PeerId self() {
    return settings.identity.peerId();
  }

  /** The swarm it belongs to. */
  public JoinedSwarm swarm() {
    return settings.swarm;
  }

  /** Where it accepts links; 0 if it does not. */
  public int port() {
    return transports.port();
  }

  Links links() {
    return links;
  }

  Loop loop() {
    return loop;
  }

  BlockServer server() {
    return server;
  }

  NodeCredits credits() {
    return credits;
  }

  PeerScores scores() {
    return scores;
  }

  Heads heads() {
    return heads;
  }

  SwarmFolder folder() {
    return settings.folder;
  }

  /** What it was made with. */
  public Settings settings() {
    return settings;
  }

  /** Tells of a model's file that is not among those of {@link Settings#files}. */
  public void hold(String sha256, Path file) {
    files.hold(sha256, file);
  }

  /** Says what a model's span offers from now on; asked anew each time the swarm is told. */
  void offer(ModelId model, Supplier<Offer> offer) {
    run(() -> offers.put(model, offer));
  }

  /** Tells the swarm, and in all that is signed, what the operator does beyond computing. */
  public void declare(Optional<byte[]> policy) {
    Optional<Hash32> hash = policy.map(Hash32::sha256);
    run(() -> {
      server.declare(hash);
      membership.declare(hash);
      policies.give(policy.orElse(new byte[0]));
    });
  }

  /**
   * What another peer declares, as it gives it. Not to be called on the loop.
   *
   * @throws FolkmootException NOT_FOUND if it declares nothing; UNREACHABLE if it does not answer;
   *     WRONG_HASH if it gives another text than it announces
   */
  public byte[] policy(Announcement of) {
    return policies.fetch(this, of);
  }

  /** Takes an offer back. */
  void withdraw(ModelId model) {
    run(() -> offers.remove(model));
  }

  /** The announcements of all that live, as far as known; our own, too. On the loop only. */
  Collection<Announcement> announcements() {
    List<Announcement> all = new ArrayList<>();
    membership.view().forEach(member -> all.add(member.announcement()));
    membership.own().filter(own -> !own.offers().isEmpty()).ifPresent(all::add);
    return all;
  }

  /** Who serves what of a model, ourselves included. On the loop only. */
  SwarmView view(ModelId model) {
    return SwarmView.of(model, announcements(), scores::measured);
  }

  /** Whether a peer belongs to the swarm, as far as is known here. On the loop only. */
  boolean knows(PeerId peer) {
    return membership.knows(peer);
  }

  /** As {@link #knows}, from any other thread. */
  boolean knowsPeer(PeerId peer) {
    return call(() -> membership.knows(peer));
  }

  /** Whether any other peer of the swarm is known to live. On the loop only. */
  public boolean knowsOthers() {
    return !membership.view().isEmpty();
  }

  /** Whether the round trips to all that are known have been measured. On the loop only. */
  public boolean hasMeasuredAll() {
    return announcements().stream().allMatch(each -> links.roundTripNanos(each.peer()).isPresent());
  }

  /** Announcements of peers that serve something. On the loop only. */
  public List<Announcement> serving() {
    return announcements().stream().filter(each -> !each.offers().isEmpty()).toList();
  }

  /** The announcements now, from any thread. */
  public List<Announcement> known() {
    return call(() -> List.copyOf(announcements()));
  }

  /** What keeps it from peers that answer, a line for each, for a person. */
  public List<String> misfits() {
    return call(links::misfits);
  }

  /** Round trips and addresses of the peers with links. */
  public Optional<Duration> roundTrip(PeerId peer) {
    return call(() -> links.roundTripNanos(peer).stream().mapToObj(Duration::ofNanos).findFirst());
  }

  /** Whether there is a link to a peer, and through which address. */
  public Optional<PeerAddress> linkedAt(PeerId peer) {
    return call(() -> links.remoteAddress(peer));
  }

  /** Dials a peer that is known, so that its round trip shows. */
  public void connect(PeerId peer) {
    loop.execute(() -> links.connect(peer));
  }

  /** Tells of peers that may be there. */
  public void introduce(List<Message.Contact> contacts) {
    loop.execute(() -> {
      contacts.forEach(contact -> links.know(contact.peer(), contact.addresses()));
      rendezvous.introduce(contacts);
    });
  }

  /**
   * Waits until something holds of the swarm, looking whenever something may have changed.
   *
   * @return whether it came to hold in time
   */
  public boolean await(Duration most, BooleanSupplier holds) {
    return calls.await(most, holds);
  }

  /** Where others can reach us, best first. On the loop only. */
  public List<PeerAddress> addresses() {
    return reach.addresses();
  }

  private List<PeerAddress> direct() {
    return settings
        .announced
        .map(List::of)
        .orElseGet(() -> addresses.all(machine.now(), links.observed()));
  }

  /**
   * Looks for peers of the swarm on a network that is open to all, too, and is seen there.
   *
   * @throws FolkmootException as {@link OpenNetwork#begin}
   */
  public void discover(OpenNetwork network) {
    OpenDiscovery discovery =
        new OpenDiscovery(links, settings.swarm.swarm(), network, rendezvous::introduce);
    discoveries.add(discovery);
    discovery.begin(port(), addresses.hasQuic());
  }

  /** Where this machine reaches its own node. */
  public PeerAddress ownAddress() {
    return addresses.own();
  }

  /**
   * A model that the swarm serves, to be asked through it.
   *
   * @param wish which one
   * @param file the model's file, where it is on this machine; else its head is fetched
   * @param patience how long to wait for peers that hold all of it
   * @throws FolkmootException NOT_FOUND if no peer serves a model of that name; UNREACHABLE if its
   *     head cannot be had
   */
  public SwarmModel model(
      ModelWish wish,
      Function<String, Optional<Path>> file,
      SwarmModel.Options options,
      Duration patience,
      SwarmGeneration.Watcher watcher) {
    return models.open(wish, file, options, patience, watcher);
  }

  /**
   * Has a proof against a peer checked; if it proves something, the peer is left out from now on
   * and the others are told.
   */
  public CompletableFuture<FraudProofCheck.Result> accuse(FraudProof proof) {
    return disputes.accuse(proof);
  }

  /** Whether something is proven against a peer: this node asks it nothing any more. */
  public boolean isConvicted(PeerId peer) {
    return disputes.isConvicted(peer);
  }

  /** Has somebody told, on the loop, of what this node proves. */
  void whenProven(Consumer<FraudProof> told) {
    disputes.whenProven(told);
  }

  /**
   * Prepares a dispute with a peer about what it signed.
   *
   * @param ours what this machine states about the same work
   * @param model of which the one operator is computed in the end
   */
  public Hearing dispute(OwnClaim ours, SignedStatement theirs, TraceKey key, ModelAtHand model) {
    return disputes.dispute(ours, theirs, key, model);
  }

  /** Tells two peers that have signed different outputs for one input of each other. */
  public void confront(SignedStatement one, SignedStatement other, TraceKey key) {
    disputes.confront(one, other, key);
  }

  /** Leaves a peer out of this node's routes for a while, by its own judgement. */
  public void distrust(PeerId peer) {
    run(() -> scores.failed(peer, Message.Reason.FAILED));
  }

  /** Whether the swarm serves a model. */
  public boolean serves(ModelWish wish) {
    return models.serves(wish);
  }

  /** Leaves the swarm in good order. */
  @Override
  public void close() {
    run(() -> {
      offers.close();
      server.close();
      credits.save();
      membership.leave();
      reach.stop();
      rendezvous.stop();
      links.leave();
    });
    links.close();
    loop.close();
    lan.close();
    discoveries.forEach(OpenDiscovery::close);
    disputes.close();
    Endings.finish(writer, WRITE_WITHIN);
  }
}
