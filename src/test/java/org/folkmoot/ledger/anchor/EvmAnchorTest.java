package org.folkmoot.ledger.anchor;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.math.BigInteger;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Random;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.base.FolkmootException.Code;
import org.folkmoot.base.Hash32;
import org.folkmoot.base.MerkleTree;
import org.folkmoot.ledger.anchor.Anchor.Head;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Checkpoints on a real node, and what goes wrong with chains. */
class EvmAnchorTest {
  private static final Pattern CONTENT_LENGTH = Pattern.compile("(?i)\r\ncontent-length: *(\\d+)");

  private static final String ORIGIN = "folkmoot.test/feed";

  private static AnvilNode node;

  private EvmAccount account;
  private EvmAnchor anchor;

  @BeforeAll
  static void start() {
    node = AnvilNode.start();
  }

  @AfterAll
  static void stop() {
    if (node != null) {
      node.close();
    }
  }

  @BeforeEach
  void deploy() {
    account = node.account(AnvilNode.RICH);
    anchor = new EvmAnchor(account, EvmAnchor.deploy(account), 3);
  }

  @Test
  void recordsWhatOnlyGrows() {
    Feed feed = new Feed("entry ");
    for (int size : new int[] {1, 2, 3, 7, 8, 9, 64, 65, 100}) {
      assertThat(anchor.record(feed.head(size), feed).size()).isEqualTo(size);
    }
    assertThat(anchor.latest(ORIGIN).orElseThrow().root()).isEqualTo(feed.head(100).root());
    assertThat(anchor.latest("another origin")).isEmpty();
    assertThat(anchor.record(feed.head(65), feed).size()).as("again").isEqualTo(65);
  }

  @Test
  void everyPairOfSizesIsConsistentAndNoOther() {
    Feed feed = new Feed("entry ");
    Random random = new Random(7);
    for (int i = 0; i < 40; i++) {
      String origin = ORIGIN + i;
      int small = 1 + random.nextInt(70);
      int large = small + 1 + random.nextInt(70);
      anchor.record(new Head(origin, small, feed.head(small).root()), feed);
      Head head = new Head(origin, large, feed.head(large).root());
      List<Hash32> proof = feed.consistencyProof(small, large);
      int turned = random.nextInt(proof.size());
      List<Hash32> wrong = new ArrayList<>(proof);
      wrong.set(turned, Hash32.sha256(wrong.get(turned).bytes()));
      refuses(Code.WRONG_HASH, () -> anchor.record(head, (_, _) -> wrong));
      refuses(Code.WRONG_HASH, () -> anchor.record(head, (_, _) -> proof.subList(1, proof.size())));
      List<Hash32> longer = new ArrayList<>(proof);
      longer.add(proof.getFirst());
      refuses(Code.WRONG_HASH, () -> anchor.record(head, (_, _) -> longer));
      assertThat(anchor.record(head, feed).size()).isEqualTo(large);
    }
  }

  @Test
  void aRewrittenHistoryIsRefused() {
    anchor.record(new Feed("entry ").head(5), new Feed("entry "));
    Feed other = new Feed("rewritten ");
    assertThat(refuses(Code.WRONG_HASH, () -> anchor.record(other.head(9), other)))
        .contains("another history");
    assertThat(refuses(Code.WRONG_HASH, () -> anchor.record(other.head(5), other)))
        .contains("another root");
    assertThat(refuses(Code.WRONG_HASH, () -> anchor.record(other.head(4), other)))
        .contains("longer history");
  }

  @Test
  void nobodyRecordsForAnother() {
    Feed feed = new Feed("entry ");
    EvmKey stranger =
        EvmKey.ofHex("59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d");
    Feed other = new Feed("squatted ");
    new EvmAnchor(node.account(stranger), anchor.contract(), 3).record(other.head(50), other);
    anchor.record(feed.head(5), feed);
    assertThat(anchor.latest(ORIGIN).orElseThrow().size()).isEqualTo(5);
  }

  @Test
  void aRecordCountsOnceItIsDeepEnough() {
    Feed feed = new Feed("entry ");
    anchor.record(feed.head(5), feed);
    assertThat(refuses(Code.NOT_FINAL, () -> anchor.verify(feed.head(5)))).contains("0 of 3");
    node.mine(2);
    refuses(Code.NOT_FINAL, () -> anchor.verify(feed.head(5)));
    node.mine(1);
    assertThat(anchor.verify(feed.head(5)).root()).isEqualTo(feed.head(5).root());
    refuses(Code.NOT_FOUND, () -> anchor.verify(feed.head(6)));
    refuses(Code.WRONG_HASH, () -> anchor.verify(new Feed("rewritten ").head(5)));
  }

  @Test
  void aBlockThatIsTakenBackTakesTheRecordAlong() {
    Feed feed = new Feed("entry ");
    anchor.record(feed.head(4), feed);
    anchor.record(feed.head(5), feed);
    node.ask("anvil_reorg", 1, List.of());
    assertThat(refuses(Code.NOT_FOUND, () -> anchor.verify(feed.head(5))))
        .contains("anchor it")
        .contains("taken back");
    assertThat(anchor.record(feed.head(5), feed).size()).isEqualTo(5);
    node.mine(3);
    anchor.verify(feed.head(5));
  }

  @Test
  void anotherContractIsNotBelieved() {
    refuses(
        Code.NOT_FOUND,
        () -> new EvmAnchor(account, "0x00000000000000000000000000000000deadbeef", 3));
    String other =
        account.deploy(
            Artifact.of("MootRegister"),
            List.of(
                new org.web3j.abi.datatypes.Address(account.address()),
                new org.web3j.abi.datatypes.generated.Bytes32(new byte[32])));
    assertThat(refuses(Code.WRONG_HASH, () -> new EvmAnchor(account, other, 3)))
        .contains("nothing it says is believed");
    refuses(Code.BAD_REQUEST, () -> new EvmAnchor(account, "0x12", 3));
  }

  @Test
  void codeWithValuesPutInAtDeploymentIsRecognised() {
    Artifact register = Artifact.of("MootRegister");
    String at =
        account.deploy(
            register,
            List.of(
                new org.web3j.abi.datatypes.Address(account.address()),
                new org.web3j.abi.datatypes.generated.Bytes32(new byte[32])));
    account.chain().require(register, at);
  }

  @Test
  void anotherChainIsNotWrittenTo() {
    assertThat(refuses(Code.WRONG_CHAIN, () -> new EvmChain(node.rpc(), OptionalLong.of(1))))
        .contains("on chain 31337, not 1");
  }

  @Test
  void whoCannotPayIsTold() {
    EvmKey poor = EvmKey.draw(new java.security.SecureRandom());
    EvmAccount broke = node.account(poor);
    assertThat(refuses(Code.NO_FUNDS, () -> EvmAnchor.deploy(broke))).contains(poor.address());
    node.ask("anvil_setBalance", poor.address(), "0x10");
    refuses(Code.NO_FUNDS, () -> EvmAnchor.deploy(broke));
    EvmAccount.Settings mean = new EvmAccount.Settings(BigInteger.TEN, Duration.ZERO, 1);
    EvmAccount careful = new EvmAccount(node.chain(), AnvilNode.RICH, mean, _ -> {});
    assertThat(refuses(Code.NO_FUNDS, () -> EvmAnchor.deploy(careful))).contains("--max-cost");
  }

  @Test
  void aTransactionThatNoBlockTakesIsToldOf() {
    try (AnvilNode idle = AnvilNode.start()) {
      EvmAccount waiting =
          new EvmAccount(
              idle.chain(),
              AnvilNode.RICH,
              new EvmAccount.Settings(
                  EvmAccount.Settings.USUAL.maxCostWei(), Duration.ofSeconds(2), 3),
              _ -> {});
      assertThat(refuses(Code.NOT_FINAL, () -> EvmAnchor.deploy(waiting)))
          .contains("no block has it yet");
    }
  }

  @Test
  void aNodeThatIsDown() throws IOException {
    int free;
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      free = socket.getLocalPort();
    }
    assertThat(refuses(Code.UNREACHABLE, () -> chainAt(free, Duration.ofSeconds(5))))
        .contains("127.0.0.1:" + free);
    refuses(Code.BAD_REQUEST, () -> new EvmRpc("ftp://127.0.0.1", Duration.ofSeconds(1)));
    refuses(Code.BAD_REQUEST, () -> new EvmRpc("no address", Duration.ofSeconds(1)));
  }

  private static EvmChain chainAt(int port, Duration deadline) {
    try (EvmRpc rpc = new EvmRpc("http://127.0.0.1:" + port, deadline)) {
      return new EvmChain(rpc, OptionalLong.empty());
    }
  }

  /** What nodes may answer, and what is made of it. */
  @Test
  void hostileAnswersAreBounded() throws IOException {
    Map<String, Duration> answers =
        Map.of(
            "",
            Duration.ofSeconds(5),
            "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{",
            Duration.ofMillis(300),
            "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1\r\nContent-Length: 1\r\n\r\n{",
            Duration.ofSeconds(5),
            http("no json"),
            Duration.ofSeconds(5),
            http("[1]"),
            Duration.ofSeconds(5),
            http("{\"id\":1}"),
            Duration.ofSeconds(5),
            http("{\"result\":\"0x\"}"),
            Duration.ofSeconds(5),
            http("{\"result\":\"" + "f".repeat(2 << 20) + "\"}"),
            Duration.ofSeconds(5),
            http("{\"result\":" + "[".repeat(100_000)),
            Duration.ofSeconds(5));
    for (Map.Entry<String, Duration> answer : answers.entrySet()) {
      refuses(Code.UNREACHABLE, () -> answeredWith(answer.getKey(), answer.getValue()));
    }
    assertThat(
            refuses(
                Code.BAD_REQUEST,
                () ->
                    answeredWith(
                        http("{\"error\":{\"message\":\"" + "x\\n".repeat(9_999) + "\"}}"),
                        Duration.ofSeconds(60))))
        .hasSizeLessThan(400)
        .doesNotContain("\n");
  }

  private static String http(String body) {
    return "HTTP/1.1 200 OK\r\nContent-Length: " + body.length() + "\r\n\r\n" + body;
  }

  private static void answeredWith(String answer, Duration deadline) throws IOException {
    try (ServerSocket server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      Thread.ofVirtual().start(() -> answerAll(server, answer));
      chainAt(server.getLocalPort(), deadline);
    }
  }

  private static void answerAll(ServerSocket server, String answer) {
    while (!server.isClosed()) {
      try (Socket socket = server.accept();
          OutputStream out = socket.getOutputStream()) {
        readRequest(socket.getInputStream());
        out.write(answer.getBytes(UTF_8));
        out.flush();
        if (answer.endsWith("\r\n\r\n{")) {
          socket.getInputStream().read(); // says no more, and stays
        }
      } catch (IOException gone) {
        // The client has left.
      }
    }
  }

  /** To its end: what is unread when a socket is closed has the other side miss the answer. */
  private static void readRequest(InputStream in) throws IOException {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    for (int next = in.read(); next >= 0; next = in.read()) {
      all.write(next);
      String text = all.toString(UTF_8);
      int body = text.indexOf("\r\n\r\n") + 4;
      Matcher length = CONTENT_LENGTH.matcher(text);
      if (body >= 4 && length.find() && all.size() >= body + Integer.parseInt(length.group(1))) {
        return;
      }
    }
  }

  /** Nodes close connections that were idle; the question in flight is asked again. */
  @Test
  void aKeptConnectionThatIsClosedIsNoFailure() throws IOException {
    try (ServerSocket server = new ServerSocket(0, 8, InetAddress.getLoopbackAddress())) {
      Thread.ofVirtual()
          .start(() -> {
            while (!server.isClosed()) {
              try (Socket socket = server.accept();
                  OutputStream out = socket.getOutputStream()) {
                // One answer on each connection, which it says that it keeps.
                socket.getInputStream().read(new byte[8192]);
                out.write(http("{\"result\":\"0x7a69\"}").getBytes(UTF_8));
                out.flush();
                socket.getInputStream().read(new byte[8192]);
              } catch (IOException gone) {
                // The client has left.
              }
            }
          });
      String url = "http://127.0.0.1:" + server.getLocalPort();
      try (EvmRpc rpc = new EvmRpc(url, Duration.ofSeconds(20))) {
        EvmChain chain = new EvmChain(rpc, OptionalLong.empty());
        for (int i = 0; i < 3; i++) {
          assertThat(chain.quantity("eth_chainId")).isEqualTo(31337);
        }
      }
    }
  }

  private static String refuses(Code code, ThrowingCallable call) {
    FolkmootException thrown = catchThrowableOfType(FolkmootException.class, call);
    assertThat(thrown).as("refused with %s", code).isNotNull();
    assertThat(thrown.code()).as(thrown.getMessage()).isEqualTo(code);
    assertThat(thrown.getMessage()).doesNotContain("\n");
    return String.valueOf(thrown.getMessage());
  }

  /** A feed by the letter of RFC 9162. */
  private record Feed(String text) implements Anchor.Growth {
    Head head(int size) {
      return new Head(ORIGIN, size, root(0, size));
    }

    private Hash32 root(long from, long to) {
      List<byte[]> leaves = new ArrayList<>();
      for (long i = from; i < to; i++) {
        leaves.add((text + i).getBytes(UTF_8));
      }
      return MerkleTree.of(leaves).root();
    }

    @Override
    public List<Hash32> consistencyProof(long from, long to) {
      List<Hash32> proof = new ArrayList<>();
      subProof(from, 0, to, true, proof);
      return proof;
    }

    /** SUBPROOF of section 2.1.4.1, over the leaves from..to. */
    private void subProof(long m, long from, long to, boolean whole, List<Hash32> proof) {
      long n = to - from;
      if (m == n) {
        if (!whole) {
          proof.add(root(from, to));
        }
        return;
      }
      long k = Long.highestOneBit(n - 1);
      if (m <= k) {
        subProof(m, from, from + k, whole, proof);
        proof.add(root(from + k, to));
      } else {
        subProof(m - k, from + k, to, false, proof);
        proof.add(root(from, from + k));
      }
    }
  }
}
