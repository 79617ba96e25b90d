package org.folkmoot.peer.discovery;

import static org.folkmoot.base.FolkmootException.Code.BAD_REQUEST;
import static org.folkmoot.base.FolkmootException.Code.BUSY;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import org.apache.tuweni.bytes.Bytes;
import org.apache.tuweni.bytes.Bytes32;
import org.apache.tuweni.crypto.SECP256K1;
import org.ethereum.beacon.discovery.AddressAccessPolicy;
import org.ethereum.beacon.discovery.DiscoverySystemBuilder;
import org.ethereum.beacon.discovery.MutableDiscoverySystem;
import org.ethereum.beacon.discovery.crypto.DefaultSigner;
import org.ethereum.beacon.discovery.schema.NodeRecord;
import org.ethereum.beacon.discovery.schema.NodeRecordBuilder;
import org.ethereum.beacon.discovery.schema.NodeRecordFactory;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.base.Hash32;
import org.folkmoot.peer.OpenNetwork;
import org.folkmoot.peer.Signer;
import org.folkmoot.peer.Verifier;
import org.folkmoot.wire.PeerId;
import org.jspecify.annotations.Nullable;

/**
 * The open internet by discv5 (Ethereum's node discovery, version 5.1): a table of node records,
 * spread over all who take part, which a node walks at random. Records of Folkmoot's nodes have a
 * field of their own ({@link PeerField}); others are passed over.
 *
 * <p>The node key of discv5 (secp256k1) is not the peer's key. The record, signed by the one, holds
 * the other, which has signed the one: nobody can put a stranger's peer into a record of theirs.
 */
public final class Discv5 implements OpenNetwork {
  /**
   * How a node takes part.
   *
   * @param listen its UDP port for this, another than that of its links
   * @param host where others find it, until they have told it better
   * @param bootnodes records of nodes that take part already, {@code enr:…}; none for the first
   */
  public record Settings(InetSocketAddress listen, InetAddress host, List<String> bootnodes) {
    /** Copies. */
    public Settings {
      bootnodes = List.copyOf(bootnodes);
    }
  }

  /** What the node key is derived with: a signature of this, which nobody is ever given. */
  private static final byte[] NODE_KEY =
      "folkmoot discv5 node key 1\n".getBytes(StandardCharsets.US_ASCII);

  /** Bytes a second that are looked at: a flood of packets costs no more than that. */
  private static final int MAX_READ = 250_000;

  /** How often the table is walked, and what is in it passed on. */
  private static final Duration WALK_EVERY = Duration.ofSeconds(20);

  /** The first walks follow soon: there is nothing to lose yet. */
  private static final long FIRST_LOOKS_MILLIS = 1000;

  private static final int FIRST_LOOKS = 10;

  private static final long STARTING_SECONDS = 10;

  private final Settings settings;
  private final Signer signer;
  private final Verifier verifier;
  private final DefaultSigner nodeKey;
  private final List<NodeRecord> bootnodes;
  private final ScheduledThreadPoolExecutor thread;
  private @Nullable MutableDiscoverySystem system;
  private int looks;

  /**
   * Says and hears nothing before it is begun.
   *
   * @param signer in whose name the record says what peer it belongs to
   * @throws FolkmootException BAD_REQUEST if a bootnode's record is none
   */
  public Discv5(Settings settings, Signer signer, Verifier verifier) {
    this.settings = settings;
    this.signer = signer;
    this.verifier = verifier;
    this.bootnodes = settings.bootnodes.stream().map(Discv5::parse).toList();
    Hash32 secret = Hash32.sha256(signer.sign(NODE_KEY));
    nodeKey = new DefaultSigner(SECP256K1.SecretKey.fromBytes(Bytes32.wrap(secret.bytes())));
    thread =
        new ScheduledThreadPoolExecutor(
            1, task -> Thread.ofPlatform().daemon().name("folkmoot-discv5").unstarted(task));
    thread.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
  }

  private static NodeRecord parse(String enr) {
    try {
      NodeRecord record = NodeRecordFactory.DEFAULT.fromEnr(enr);
      if (record.isValid() && record.getUdpAddress().isPresent()) {
        return record;
      }
    } catch (RuntimeException malformed) {
      // Said below: the library throws whatever its parts do.
    }
    throw new FolkmootException(
        BAD_REQUEST,
        "--bootnode is a record as another node prints it, enr:-…: this one is cut short or altered");
  }

  /**
   * {@inheritDoc}
   *
   * @throws FolkmootException BUSY if another program has the port
   */
  @Override
  public void begin(Optional<Notice> own, Consumer<Notice> heard) {
    MutableDiscoverySystem begun =
        new DiscoverySystemBuilder()
            .listen(settings.listen.getAddress().getHostAddress(), settings.listen.getPort())
            .localNodeRecord(record(own))
            .signer(nodeKey)
            .bootnodes(bootnodes)
            .trafficReadLimit(MAX_READ)
            .recursiveLookupInterval(WALK_EVERY)
            .addressAccessPolicy(policy())
            .buildMutable();
    try {
      begun.start().get(STARTING_SECONDS, TimeUnit.SECONDS);
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      return;
    } catch (ExecutionException | TimeoutException cannot) {
      begun.stop();
      throw new FolkmootException(
          BUSY,
          "UDP port %d cannot be had for discovery: another program has it; choose one with --discovery-port"
              .formatted(settings.listen.getPort()),
          cannot);
    }
    system = begun;
    lookLater(begun, heard, FIRST_LOOKS_MILLIS);
  }

  private NodeRecord record(Optional<Notice> own) {
    NodeRecordBuilder record = new NodeRecordBuilder().signer(nodeKey);
    int port = own.map(Notice::port).orElse(settings.listen.getPort());
    record.address(settings.host.getHostAddress(), settings.listen.getPort(), port);
    own.ifPresent(notice ->
        record.customField(
            PeerField.NAME,
            PeerField.sign(signer, nodePublicKey(), notice.attributes()).encoded()));
    return record.build();
  }

  private byte[] nodePublicKey() {
    return nodeKey.deriveCompressedPublicKeyFromPrivate().toArray();
  }

  /**
   * Who is asked and told of. A record can name any address: those of private networks are left
   * alone, unless this node itself is in one.
   */
  private AddressAccessPolicy policy() {
    return isPrivate(settings.host)
        ? AddressAccessPolicy.ALLOW_ALL
        : address -> !isPrivate(address.getAddress());
  }

  private static boolean isPrivate(InetAddress address) {
    boolean uniqueLocal =
        address.getAddress().length == 16 && (address.getAddress()[0] & 0xfe) == 0xfc;
    return address.isLoopbackAddress()
        || address.isSiteLocalAddress()
        || address.isLinkLocalAddress()
        || address.isAnyLocalAddress()
        || address.isMulticastAddress()
        || uniqueLocal;
  }

  private void lookLater(MutableDiscoverySystem in, Consumer<Notice> heard, long millis) {
    var _ = thread.schedule(() -> look(in, heard), millis, TimeUnit.MILLISECONDS);
  }

  /** Passes on whom the table holds, and has it walked. */
  private void look(MutableDiscoverySystem in, Consumer<Notice> heard) {
    in.streamLiveNodes().distinct().forEach(record -> notice(record).ifPresent(heard));
    var _ =
        in.searchForNewPeers()
            .thenAccept(found -> found.forEach(record -> notice(record).ifPresent(heard)));
    lookLater(in, heard, looks++ < FIRST_LOOKS ? FIRST_LOOKS_MILLIS : WALK_EVERY.toMillis());
  }

  /** What a record says of a peer; empty if it says nothing that holds. */
  private Optional<Notice> notice(NodeRecord record) {
    if (!(record.get(PeerField.NAME) instanceof Bytes bytes)
        || !(record.get("secp256k1") instanceof Bytes node)) {
      return Optional.empty();
    }
    Optional<InetSocketAddress> at =
        record.getTcpAddress().filter(address -> policy().allow(address));
    return at.flatMap(address ->
        PeerField.parse(bytes, node.toArray(), verifier)
            .map(field ->
                new Notice(
                    field.peer().text(),
                    address.getPort(),
                    field.attributes(),
                    List.of(address.getAddress().getHostAddress()))));
  }

  /** This node's record, for others' {@code --bootnode}. Once it is begun. */
  public String record() {
    if (system == null) {
      throw new IllegalStateException("not begun");
    }
    return system.getLocalNodeRecord().asEnr();
  }

  /** The peer that a record is of, if it is one of ours and what it says holds. */
  Optional<PeerId> peer(String enr) {
    return notice(parse(enr)).map(notice -> PeerId.parse(notice.name()));
  }

  @Override
  public void close() {
    thread.shutdownNow();
    if (system != null) {
      system.stop();
    }
  }
}
