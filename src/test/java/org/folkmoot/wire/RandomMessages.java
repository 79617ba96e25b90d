package org.folkmoot.wire;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;
import java.util.stream.IntStream;
import org.folkmoot.base.Hash32;
import org.folkmoot.wire.Message.Contact;
import org.folkmoot.wire.Message.Reason;
import org.folkmoot.wire.Message.Sampling;
import org.folkmoot.wire.Message.Token;

/** Messages of every kind with contents that a seed draws, all within the bounds. */
final class RandomMessages {
  /** How many kinds there are. */
  static final int KINDS = Message.class.getPermittedSubclasses().length;

  private final RandomGenerator random;

  RandomMessages(RandomGenerator random) {
    this.random = random;
  }

  /** A message of the kind with this number, in the order of the protocol. */
  Message message(int kind) {
    return switch (kind) {
      case 0 ->
          new Message.Hello(
              new SwarmId(hash()), text(), optional(address()), random.nextInt(65536), number());
      case 1 -> new Message.Ping(random.nextLong());
      case 2 -> new Message.Pong(random.nextLong());
      case 3 -> new Message.Goodbye(reason(), text());
      case 4 -> {
        Map<PeerId, Long> sequences = new LinkedHashMap<>();
        int count = random.nextInt(40);
        for (int i = 0; i < count; i++) {
          sequences.put(peer(), number());
        }
        yield new Message.GossipDigest(sequences, random.nextBoolean());
      }
      case 5 -> new Message.GossipWant(list(Limits.MAX_GOSSIP, this::peer));
      case 6 ->
          new Message.Gossip(
              list(
                  4,
                  () ->
                      new SignedAnnouncement(
                          MessageCodec.encode(announcement()),
                          bytes(SignedAnnouncement.SIGNATURE_BYTES))));
      case 7 -> new Message.HeadRequest(new ModelId(hash()), number());
      case 8 ->
          new Message.HeadPart(new ModelId(hash()), number(), number(), bytes(random.nextInt(200)));
      case 9 -> new Message.RelayOpen(random.nextLong(), peer());
      case 10 -> new Message.RelayOffer(random.nextLong(), peer(), optional(address()));
      case 11 -> new Message.RelayData(random.nextLong(), bytes(random.nextInt(200)));
      case 12 -> new Message.RelayClose(random.nextLong(), reason());
      case 13 ->
          new Message.Open(
              session(),
              epoch(),
              new ModelId(hash()),
              range(),
              1 + random.nextInt(Limits.MAX_POSITIONS),
              peer(),
              optional(contact()),
              position(),
              optional(sampling()));
      case 14 -> new Message.Opened(session(), epoch());
      case 15 ->
          new Message.Refused(
              session(), epoch(), reason(), random.nextInt(Integer.MAX_VALUE), text());
      case 16 -> forward();
      case 17 -> new Message.Draft(session(), epoch(), position(), ints(random.nextInt(9)));
      case 18 -> {
        int tokens = 1 + random.nextInt(5);
        yield new Message.Computed(
            session(),
            epoch(),
            random.nextInt(LayerRange.MAX_LAYERS),
            random.nextInt(LayerRange.MAX_LAYERS),
            position(),
            tokens,
            random.nextBoolean() ? 1 : tokens,
            bytes(32 * tokens),
            random.nextInt(Integer.MAX_VALUE),
            random.nextInt(Integer.MAX_VALUE));
      }
      case 19 -> new Message.Sampled(session(), epoch(), list(5, this::token));
      case 20 ->
          new Message.Rewire(session(), epoch(), optional(peer()), optional(contact()), position());
      case 21 -> new Message.Rewired(session(), epoch(), position());
      case 22 -> new Message.HopLost(session(), epoch(), peer());
      case 23 -> new Message.Renew(session());
      case 24 -> new Message.Close(session());
      case 25 -> new Message.Attest(session(), new TraceKey(hash()), position());
      case 26 ->
          new Message.Attested(
              new SignedStatement(peer(), statement(), bytes(SignedStatement.SIGNATURE_BYTES)));
      case 27 -> new Message.Accusation(bytes(random.nextInt(200)));
      case 28 -> new Message.RelayCredit(random.nextLong(), 1 + random.nextInt(1 << 20));
      case 29 -> new Message.DialBack(list(4, this::address));
      case 30 -> new Message.DialedBack(random.nextBoolean());
      case 31 ->
          new Message.Acknowledge(session(), position(), bytes(SignedStatement.SIGNATURE_BYTES));
      case 32 ->
          new Message.Question(
              random.nextLong(), hash(), new TraceKey(hash()), bytes(random.nextInt(16)));
      case 33 -> new Message.Answer(random.nextLong(), bytes(random.nextInt(200)));
      case 34 -> new Message.NoAnswer(random.nextLong(), reason());
      case 35 ->
          new Message.Differs(
              new SignedStatement(peer(), statement(), bytes(SignedStatement.SIGNATURE_BYTES)),
              new TraceKey(hash()));
      case 36 -> new Message.PolicyRequest();
      case 37 -> new Message.PolicyText(bytes(random.nextInt(200)));
      case 38 ->
          new Message.FeedHeads(
              list(
                  9,
                  () ->
                      new Message.FeedHead(
                          peer(), number(), hash(), random.nextLong(), random.nextBoolean())),
              random.nextBoolean());
      case 39 -> new Message.FeedWant(peer());
      case 40 -> new Message.FeedNote(bytes(random.nextInt(300)));
      case 41 -> new Message.EntriesWant(peer(), number(), number());
      case 42 ->
          new Message.EntriesPart(
              peer(),
              number(),
              number(),
              list(5, () -> bytes(random.nextInt(90))),
              hash(),
              list(9, this::hash),
              list(9, this::hash));
      case 43 -> new Message.Forked(bytes(random.nextInt(300)));
      case 44 -> new Message.CosignedWant(peer(), number());
      case 45 ->
          new Message.CosignedPart(
              peer(), list(5, () -> bytes(random.nextInt(90))), number(), random.nextLong());
      case 46 -> new Message.Took(session(), epoch(), position());
      default -> throw new IllegalArgumentException("no kind " + kind);
    };
  }

  Announcement announcement() {
    return new Announcement(
        new SwarmId(hash()),
        peer(),
        number(),
        random.nextInt(Announcement.MAX_TTL_SECONDS + 1),
        list(4, this::address),
        list(3, this::offer));
  }

  private Offer offer() {
    LayerRange range = range();
    return new Offer(
        new ModelId(hash()),
        "m" + text(),
        Math.max(1, range.to())
            + random.nextInt(1 + LayerRange.MAX_LAYERS - Math.max(1, range.to())),
        number(),
        hash(),
        range,
        random.nextInt(1000),
        random.nextInt(1000),
        random.nextInt(1000));
  }

  private Message forward() {
    int tokens = 1 + random.nextInt(6);
    boolean byIds = random.nextBoolean();
    float[] hidden = new float[byIds ? 0 : tokens * (1 + random.nextInt(8))];
    for (int i = 0; i < hidden.length; i++) {
      hidden[i] = random.nextFloat() - 0.5f;
    }
    return new Message.Forward(
        session(),
        epoch(),
        random.nextInt(Limits.MAX_POSITIONS - tokens),
        tokens,
        position(),
        byIds ? ints(tokens) : new int[0],
        hidden);
  }

  private Sampling sampling() {
    Map<Integer, Float> bias = new LinkedHashMap<>();
    int count = random.nextInt(4);
    for (int i = 0; i < count; i++) {
      bias.put(random.nextInt(), random.nextFloat());
    }
    return new Sampling(
        random.nextFloat(),
        random.nextInt(),
        random.nextFloat(),
        random.nextFloat(),
        random.nextFloat(),
        random.nextInt(),
        random.nextLong(),
        bias,
        ints(random.nextInt(9)),
        random.nextInt(Limits.MAX_TOP + 2) - 1);
  }

  private Token token() {
    int top = random.nextInt(4);
    float[] logprobs = new float[top];
    for (int i = 0; i < top; i++) {
      logprobs[i] = -random.nextFloat();
    }
    return new Token(
        position(), random.nextInt(Integer.MAX_VALUE), -random.nextFloat(), ints(top), logprobs);
  }

  private <T> List<T> list(int most, Supplier<T> each) {
    List<T> values = new ArrayList<>();
    int count = random.nextInt(most + 1);
    for (int i = 0; i < count; i++) {
      values.add(each.get());
    }
    return values;
  }

  private <T> Optional<T> optional(T value) {
    return random.nextBoolean() ? Optional.of(value) : Optional.empty();
  }

  private HopStatement statement() {
    LayerRange range = range();
    int length = 1 + random.nextInt(1000);
    int count = random.nextInt(length);
    return new HopStatement(
        session(),
        new ModelId(hash()),
        list(3, this::hash),
        range,
        length,
        hash(),
        hash(),
        hash(),
        range.heads()
            ? Optional.of(
                new HopStatement.Sampled(hash(), length + 1 - count, count, hash(), hash()))
            : Optional.empty(),
        optional(hash()));
  }

  private LayerRange range() {
    int from = random.nextInt(LayerRange.MAX_LAYERS);
    return new LayerRange(
        random.nextBoolean(),
        from,
        from + 1 + random.nextInt(LayerRange.MAX_LAYERS - from),
        random.nextBoolean());
  }

  private Contact contact() {
    return new Contact(peer(), list(Limits.MAX_ADDRESSES, this::address));
  }

  private PeerAddress address() {
    return switch (random.nextInt(4)) {
      case 0 -> new PeerAddress(PeerAddress.Scheme.RELAY, peer().text(), 0);
      case 1 -> new PeerAddress(PeerAddress.Scheme.QUIC, "192.168.1." + random.nextInt(256), 7410);
      case 2 -> new PeerAddress(PeerAddress.Scheme.TLS, "2001:db8::" + random.nextInt(9), 65535);
      default -> new PeerAddress(PeerAddress.Scheme.TLS, "peer.example", 1);
    };
  }

  private String text() {
    String[] alphabet = {"a", "Z", " ", "ö", "語", "🌱"};
    StringBuilder text = new StringBuilder();
    int length = random.nextInt(40);
    for (int i = 0; i < length; i++) {
      text.append(alphabet[random.nextInt(alphabet.length)]);
    }
    return text.toString();
  }

  private Hash32 hash() {
    return Hash32.of(bytes(Hash32.BYTES));
  }

  private PeerId peer() {
    return new PeerId(hash());
  }

  private SessionId session() {
    return new SessionId(random.nextLong(), random.nextLong());
  }

  private Reason reason() {
    List<Reason> all = List.of(Reason.values());
    return all.get(random.nextInt(all.size()));
  }

  private int epoch() {
    return random.nextInt(Integer.MAX_VALUE);
  }

  private int position() {
    return random.nextInt(Limits.MAX_POSITIONS + 1);
  }

  private long number() {
    return random.nextLong(Long.MAX_VALUE);
  }

  private int[] ints(int count) {
    return IntStream.generate(random::nextInt).limit(count).toArray();
  }

  private byte[] bytes(int count) {
    byte[] bytes = new byte[count];
    random.nextBytes(bytes);
    return bytes;
  }
}
