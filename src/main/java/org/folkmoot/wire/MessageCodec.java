package org.folkmoot.wire;

import static org.folkmoot.wire.WireReader.malformed;
import static org.folkmoot.wire.WireReader.require;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.base.Hash32;
import org.folkmoot.wire.Message.Accusation;
import org.folkmoot.wire.Message.Acknowledge;
import org.folkmoot.wire.Message.Answer;
import org.folkmoot.wire.Message.Attest;
import org.folkmoot.wire.Message.Attested;
import org.folkmoot.wire.Message.Close;
import org.folkmoot.wire.Message.Computed;
import org.folkmoot.wire.Message.Contact;
import org.folkmoot.wire.Message.CosignedPart;
import org.folkmoot.wire.Message.CosignedWant;
import org.folkmoot.wire.Message.DialBack;
import org.folkmoot.wire.Message.DialedBack;
import org.folkmoot.wire.Message.Differs;
import org.folkmoot.wire.Message.Draft;
import org.folkmoot.wire.Message.EntriesPart;
import org.folkmoot.wire.Message.EntriesWant;
import org.folkmoot.wire.Message.FeedHead;
import org.folkmoot.wire.Message.FeedHeads;
import org.folkmoot.wire.Message.FeedNote;
import org.folkmoot.wire.Message.FeedWant;
import org.folkmoot.wire.Message.Forked;
import org.folkmoot.wire.Message.Forward;
import org.folkmoot.wire.Message.Goodbye;
import org.folkmoot.wire.Message.Gossip;
import org.folkmoot.wire.Message.GossipDigest;
import org.folkmoot.wire.Message.GossipWant;
import org.folkmoot.wire.Message.HeadPart;
import org.folkmoot.wire.Message.HeadRequest;
import org.folkmoot.wire.Message.Hello;
import org.folkmoot.wire.Message.HopLost;
import org.folkmoot.wire.Message.NoAnswer;
import org.folkmoot.wire.Message.Open;
import org.folkmoot.wire.Message.Opened;
import org.folkmoot.wire.Message.Ping;
import org.folkmoot.wire.Message.PolicyRequest;
import org.folkmoot.wire.Message.PolicyText;
import org.folkmoot.wire.Message.Pong;
import org.folkmoot.wire.Message.Question;
import org.folkmoot.wire.Message.Reason;
import org.folkmoot.wire.Message.Refused;
import org.folkmoot.wire.Message.RelayClose;
import org.folkmoot.wire.Message.RelayCredit;
import org.folkmoot.wire.Message.RelayData;
import org.folkmoot.wire.Message.RelayOffer;
import org.folkmoot.wire.Message.RelayOpen;
import org.folkmoot.wire.Message.Renew;
import org.folkmoot.wire.Message.Rewire;
import org.folkmoot.wire.Message.Rewired;
import org.folkmoot.wire.Message.Sampled;
import org.folkmoot.wire.Message.Sampling;
import org.folkmoot.wire.Message.Token;
import org.folkmoot.wire.Message.Took;

/**
 * The bytes of messages: a version, a type, then the fields in their order, little-endian, lists
 * with their count first. A message has one encoding only, but for the order of map entries.
 */
public final class MessageCodec {
  /** A reason's place in this list is its number on the wire: new ones come last. */
  private static final List<Reason> REASONS =
      List.of(
          Reason.MALFORMED,
          Reason.VERSION,
          Reason.SWARM,
          Reason.NOT_HERE,
          Reason.NO_SESSION,
          Reason.BUSY,
          Reason.LIMIT,
          Reason.FAILED,
          Reason.STOPPING,
          Reason.SILENT,
          Reason.DUPLICATE,
          Reason.UNREACHABLE);

  static final List<PeerAddress.Scheme> SCHEMES =
      List.of(PeerAddress.Scheme.QUIC, PeerAddress.Scheme.TLS, PeerAddress.Scheme.RELAY);

  private MessageCodec() {}

  /** The bytes of a message. */
  public static byte[] encode(Message message) {
    WireWriter w = new WireWriter(expectedSize(message));
    w.u8(Limits.VERSION);
    switch (message) {
      case Hello m -> {
        w.u8(1).hash(m.swarm().id()).text(m.software());
        w.optional(m.observed(), address -> write(w, address));
        w.u16(m.listenPort()).i64(m.clockMillis());
      }
      case Ping m -> w.u8(2).i64(m.nonce());
      case Pong m -> w.u8(3).i64(m.nonce());
      case Goodbye m -> w.u8(4).u8(REASONS.indexOf(m.reason())).text(m.text());
      case GossipDigest m -> {
        w.u8(5).bool(m.whole());
        w.list(
            new TreeMap<>(m.sequences()).entrySet(),
            entry -> w.hash(entry.getKey().key()).i64(entry.getValue()));
      }
      case GossipWant m -> w.u8(6).list(m.peers(), peer -> w.hash(peer.key()));
      case Gossip m ->
          w.u8(7).list(m.announcements(), one -> w.blob(one.body()).raw(one.signature()));
      case HeadRequest m -> w.u8(8).hash(m.model().sha256()).i64(m.offset());
      case HeadPart m ->
          w.u8(9).hash(m.model().sha256()).i64(m.offset()).i64(m.total()).blob(m.bytes());
      case PolicyRequest _ -> w.u8(50);
      case PolicyText m -> w.u8(51).blob(m.text());
      case RelayOpen m -> w.u8(10).i64(m.circuit()).hash(m.target().key());
      case RelayOffer m -> {
        w.u8(11).i64(m.circuit()).hash(m.from().key());
        w.optional(m.observed(), address -> write(w, address));
      }
      case RelayData m -> w.u8(12).i64(m.circuit()).blob(m.bytes());
      case RelayClose m -> w.u8(13).i64(m.circuit()).u8(REASONS.indexOf(m.reason()));
      case RelayCredit m -> w.u8(14).i64(m.circuit()).i32(m.bytes());
      case DialBack m -> w.u8(15).list(m.addresses(), address -> write(w, address));
      case DialedBack m -> w.u8(16).bool(m.reached());
      case Open m -> {
        session(w.u8(20), m.session()).i32(m.epoch()).hash(m.model().sha256());
        write(w, m.range());
        w.i32(m.maxPositions()).hash(m.upstream().key());
        w.optional(m.next(), next -> write(w, next));
        w.i32(m.sendFrom());
        w.optional(m.sampling(), sampling -> write(w, sampling));
      }
      case Opened m -> session(w.u8(21), m.session()).i32(m.epoch());
      case Refused m ->
          session(w.u8(22), m.session())
              .i32(m.epoch())
              .u8(REASONS.indexOf(m.reason()))
              .i32(m.retryAfterMillis())
              .text(m.text());
      case Forward m ->
          session(w.u8(23), m.session())
              .i32(m.epoch())
              .i32(m.position())
              .i32(m.tokens())
              .i32(m.wantFrom())
              .ints(m.ids())
              .floats(m.hidden());
      case Draft m -> session(w.u8(24), m.session()).i32(m.epoch()).i32(m.position()).ints(m.ids());
      case Computed m ->
          session(w.u8(25), m.session())
              .i32(m.epoch())
              .i32(m.fromLayer())
              .i32(m.toLayer())
              .i32(m.position())
              .i32(m.tokens())
              .i32(m.steps())
              .blob(m.digests())
              .i32(m.queueMicros())
              .i32(m.computeMicros());
      case Sampled m -> {
        session(w.u8(26), m.session()).i32(m.epoch());
        w.list(m.tokens(), token -> write(w, token));
      }
      case Rewire m -> {
        session(w.u8(27), m.session()).i32(m.epoch());
        w.optional(m.upstream(), peer -> w.hash(peer.key()));
        w.optional(m.next(), next -> write(w, next));
        w.i32(m.replayFrom());
      }
      case Rewired m -> session(w.u8(28), m.session()).i32(m.epoch()).i32(m.length());
      case HopLost m -> session(w.u8(29), m.session()).i32(m.epoch()).hash(m.lost().key());
      case Renew m -> session(w.u8(30), m.session());
      case Close m -> session(w.u8(31), m.session());
      case Attest m -> session(w.u8(32), m.session()).hash(m.key().key()).i32(m.length());
      case Attested m -> {
        w.u8(33).hash(m.signed().hop().key());
        m.signed().statement().write(w);
        w.raw(m.signed().signature());
      }
      case Accusation m -> w.u8(34).blob(m.proof());
      case Acknowledge m -> session(w.u8(35), m.session()).i32(m.tokens()).raw(m.signature());
      case Took m -> session(w.u8(36), m.session()).i32(m.epoch()).i32(m.tokens());
      case Question m ->
          w.u8(40).i64(m.number()).hash(m.statement()).hash(m.key().key()).blob(m.question());
      case Answer m -> w.u8(41).i64(m.number()).blob(m.reply());
      case Differs m -> {
        w.u8(43).hash(m.signed().hop().key());
        m.signed().statement().write(w);
        w.raw(m.signed().signature()).hash(m.key().key());
      }
      case NoAnswer m -> w.u8(42).i64(m.number()).u8(REASONS.indexOf(m.reason()));
      case FeedHeads m -> {
        w.u8(60).bool(m.whole());
        w.list(
            m.heads(),
            head -> {
              w.hash(head.feed().key()).i64(head.size()).hash(head.root());
              w.i64(head.mark()).bool(head.forked());
            });
      }
      case FeedWant m -> w.u8(61).hash(m.feed().key());
      case FeedNote m -> w.u8(62).blob(m.note());
      case EntriesWant m -> w.u8(63).hash(m.feed().key()).i64(m.from()).i64(m.size());
      case EntriesPart m -> {
        w.u8(64).hash(m.feed().key()).i64(m.from()).i64(m.size());
        w.list(m.entries(), w::blob).hash(m.before());
        w.list(m.growthBefore(), w::hash).list(m.growthAfter(), w::hash);
      }
      case Forked m -> w.u8(65).blob(m.proof());
      case CosignedWant m -> w.u8(66).hash(m.feed().key()).i64(m.below());
      case CosignedPart m ->
          w.u8(67).hash(m.feed().key()).list(m.notes(), w::blob).i64(m.end()).i64(m.rest());
    }
    return w.toBytes();
  }

  private static int expectedSize(Message message) {
    return switch (message) {
      case Forward m -> 64 + 4 * (m.ids().length + m.hidden().length);
      case Computed m -> 68 + m.digests().length;
      case HeadPart m -> 64 + m.bytes().length;
      case RelayData m -> 32 + m.bytes().length;
      case Answer m -> 32 + m.reply().length;
      default -> 256;
    };
  }

  /**
   * The message of some bytes.
   *
   * @throws WireException if they are none, or of another version
   */
  public static Message decode(byte[] frame) throws WireException {
    WireReader r = new WireReader(frame);
    int version = r.u8();
    if (version != Limits.VERSION) {
      throw new WireException(
          Reason.VERSION,
          "the other side speaks version %d of the protocol, we %d: update the older of the two"
              .formatted(version, Limits.VERSION));
    }
    try {
      Message message = body(r, r.u8());
      r.end();
      return message;
    } catch (IllegalArgumentException | FolkmootException outOfBounds) {
      throw malformed(String.valueOf(outOfBounds.getMessage()));
    }
  }

  private static Message body(WireReader r, int type) throws WireException {
    return switch (type) {
      case 1 ->
          new Hello(
              new SwarmId(r.hash()), r.text(), r.optional(() -> address(r)), r.u16(), r.i64());
      case 2 -> new Ping(r.i64());
      case 3 -> new Pong(r.i64());
      case 4 -> new Goodbye(reason(r), r.text());
      case 5 -> digest(r);
      case 6 -> new GossipWant(r.list(Limits.MAX_GOSSIP, () -> peer(r)));
      case 7 ->
          new Gossip(
              r.list(
                  Limits.MAX_GOSSIP,
                  () ->
                      new SignedAnnouncement(
                          r.blob(Limits.MAX_ANNOUNCEMENT),
                          r.raw(SignedAnnouncement.SIGNATURE_BYTES))));
      case 8 -> new HeadRequest(model(r), nonNegative(r.i64()));
      case 9 ->
          new HeadPart(
              model(r), nonNegative(r.i64()), nonNegative(r.i64()), r.blob(Limits.MAX_PART));
      case 50 -> new PolicyRequest();
      case 51 -> new PolicyText(r.blob(Limits.MAX_POLICY));
      case 10 -> new RelayOpen(r.i64(), peer(r));
      case 11 -> new RelayOffer(r.i64(), peer(r), r.optional(() -> address(r)));
      case 12 -> new RelayData(r.i64(), r.blob(Limits.MAX_RELAYED));
      case 13 -> new RelayClose(r.i64(), reason(r));
      case 14 -> new RelayCredit(r.i64(), r.i32(1, Limits.RELAY_WINDOW));
      case 15 -> new DialBack(r.list(Limits.MAX_ADDRESSES, () -> address(r)));
      case 16 -> new DialedBack(r.bool());
      case 20 -> open(r);
      case 21 -> new Opened(session(r), epoch(r));
      case 22 ->
          new Refused(session(r), epoch(r), reason(r), r.i32(0, Integer.MAX_VALUE), r.text());
      case 23 -> forward(r);
      case 24 -> new Draft(session(r), epoch(r), position(r), r.ints(Limits.MAX_STEP_TOKENS));
      case 25 -> computed(r);
      case 26 -> new Sampled(session(r), epoch(r), r.list(Limits.MAX_STEP_TOKENS, () -> token(r)));
      case 27 ->
          new Rewire(
              session(r),
              epoch(r),
              r.optional(() -> peer(r)),
              r.optional(() -> contact(r)),
              position(r));
      case 28 -> new Rewired(session(r), epoch(r), position(r));
      case 29 -> new HopLost(session(r), epoch(r), peer(r));
      case 30 -> new Renew(session(r));
      case 31 -> new Close(session(r));
      case 32 -> new Attest(session(r), new TraceKey(r.hash()), position(r));
      case 33 -> new Attested(signed(r));
      case 34 -> new Accusation(r.blob(Limits.MAX_PART));
      case 35 -> new Acknowledge(session(r), position(r), r.raw(SignedStatement.SIGNATURE_BYTES));
      case 36 -> new Took(session(r), epoch(r), r.i32(0, Integer.MAX_VALUE));
      case 40 ->
          new Question(r.i64(), r.hash(), new TraceKey(r.hash()), r.blob(Limits.MAX_QUESTION));
      case 41 -> new Answer(r.i64(), r.blob(Limits.MAX_ANSWER));
      case 42 -> new NoAnswer(r.i64(), reason(r));
      case 43 -> new Differs(signed(r), new TraceKey(r.hash()));
      case 60 -> feedHeads(r);
      case 61 -> new FeedWant(peer(r));
      case 62 -> new FeedNote(r.blob(Limits.MAX_NOTE));
      case 63 -> new EntriesWant(peer(r), nonNegative(r.i64()), nonNegative(r.i64()));
      case 64 ->
          new EntriesPart(
              peer(r),
              nonNegative(r.i64()),
              nonNegative(r.i64()),
              r.list(Limits.MAX_ENTRIES, () -> r.blob(Limits.MAX_ENTRY)),
              r.hash(),
              r.list(Limits.MAX_TREE_PROOF, r::hash),
              r.list(Limits.MAX_TREE_PROOF, r::hash));
      case 65 -> new Forked(r.blob(Limits.MAX_FORK));
      case 66 -> new CosignedWant(peer(r), nonNegative(r.i64()));
      case 67 ->
          new CosignedPart(
              peer(r),
              r.list(Limits.MAX_NOTES, () -> r.blob(Limits.MAX_NOTE)),
              nonNegative(r.i64()),
              r.i64());
      default ->
          throw new WireException(
              Reason.VERSION,
              "the other side sent a message of type %d, which version %d of the protocol here does not have: update the older of the two"
                  .formatted(type, Limits.VERSION));
    };
  }

  private static SignedStatement signed(WireReader r) throws WireException {
    return new SignedStatement(
        peer(r), HopStatement.read(r), r.raw(SignedStatement.SIGNATURE_BYTES));
  }

  private static GossipDigest digest(WireReader r) throws WireException {
    boolean whole = r.bool();
    Map<PeerId, Long> sequences = new TreeMap<>();
    r.list(Limits.MAX_DIGEST, () -> sequences.put(peer(r), nonNegative(r.i64())) == null);
    return new GossipDigest(sequences, whole);
  }

  private static FeedHeads feedHeads(WireReader r) throws WireException {
    boolean whole = r.bool();
    return new FeedHeads(
        r.list(
            Limits.MAX_HEADS,
            () -> new FeedHead(peer(r), nonNegative(r.i64()), r.hash(), r.i64(), r.bool())),
        whole);
  }

  private static Open open(WireReader r) throws WireException {
    return new Open(
        session(r),
        epoch(r),
        model(r),
        range(r),
        r.i32(1, Limits.MAX_POSITIONS),
        peer(r),
        r.optional(() -> contact(r)),
        position(r),
        r.optional(() -> sampling(r)));
  }

  private static Forward forward(WireReader r) throws WireException {
    Forward message =
        new Forward(
            session(r),
            epoch(r),
            position(r),
            r.i32(1, Limits.MAX_STEP_TOKENS),
            position(r),
            r.ints(Limits.MAX_STEP_TOKENS),
            r.floats(Limits.MAX_FLOATS));
    boolean byIds = message.ids().length == message.tokens() && message.hidden().length == 0;
    boolean byStates =
        message.ids().length == 0
            && message.hidden().length > 0
            && message.hidden().length % message.tokens() == 0;
    require(byIds || byStates, "a step's inputs are not as many as its tokens");
    require(
        message.position() + message.tokens() <= Limits.MAX_POSITIONS, "a step is out of range");
    return message;
  }

  private static Computed computed(WireReader r) throws WireException {
    Computed message =
        new Computed(
            session(r),
            epoch(r),
            r.i32(0, LayerRange.MAX_LAYERS),
            r.i32(0, LayerRange.MAX_LAYERS),
            position(r),
            r.i32(1, Limits.MAX_STEP_TOKENS),
            r.i32(1, Limits.MAX_STEP_TOKENS),
            r.blob(32 * Limits.MAX_STEP_TOKENS),
            r.i32(0, Integer.MAX_VALUE),
            r.i32(0, Integer.MAX_VALUE));
    require(message.digests().length == 32 * message.tokens(), "digests are missing");
    require(
        message.steps() == 1 || message.steps() == message.tokens(),
        "steps of more tokens are told one by one");
    return message;
  }

  private static void write(WireWriter w, Sampling s) {
    w.f32(s.temperature()).i32(s.topK()).f32(s.topP()).f32(s.minP());
    w.f32(s.repeatPenalty()).i32(s.repeatWindow()).i64(s.seed());
    w.list(
        new TreeMap<>(s.logitBias()).entrySet(),
        entry -> w.i32(entry.getKey()).f32(entry.getValue()));
    w.ints(s.history()).u8(s.topLogprobs() + 1);
  }

  private static Sampling sampling(WireReader r) throws WireException {
    float temperature = r.f32();
    int topK = r.i32();
    float topP = r.f32();
    float minP = r.f32();
    float repeatPenalty = r.f32();
    int repeatWindow = r.i32();
    long seed = r.i64();
    Map<Integer, Float> bias = new TreeMap<>();
    r.list(Limits.MAX_BIAS, () -> bias.put(r.i32(), r.f32()) == null);
    int[] history = r.ints(Limits.MAX_POSITIONS);
    int top = r.u8() - 1;
    require(top <= Limits.MAX_TOP, "too many alternatives");
    return new Sampling(
        temperature, topK, topP, minP, repeatPenalty, repeatWindow, seed, bias, history, top);
  }

  private static void write(WireWriter w, Token token) {
    w.i32(token.position()).i32(token.id()).f32(token.logprob());
    w.ints(token.topIds()).floats(token.topLogprobs());
  }

  private static Token token(WireReader r) throws WireException {
    Token token =
        new Token(
            position(r),
            r.i32(0, Integer.MAX_VALUE),
            r.f32(),
            r.ints(Limits.MAX_TOP),
            r.floats(Limits.MAX_TOP));
    require(token.topIds().length == token.topLogprobs().length, "alternatives without numbers");
    return token;
  }

  private static void write(WireWriter w, Contact contact) {
    w.hash(contact.peer().key()).list(contact.addresses(), address -> write(w, address));
  }

  private static Contact contact(WireReader r) throws WireException {
    return new Contact(peer(r), r.list(Limits.MAX_ADDRESSES, () -> address(r)));
  }

  private static void write(WireWriter w, PeerAddress address) {
    w.u8(SCHEMES.indexOf(address.scheme())).text(address.host()).u16(address.port());
  }

  private static PeerAddress address(WireReader r) throws WireException {
    int scheme = r.u8();
    require(scheme < SCHEMES.size(), "an address of an unknown kind");
    return new PeerAddress(SCHEMES.get(scheme), r.text(), r.u16());
  }

  private static void write(WireWriter w, LayerRange range) {
    w.bool(range.embeds()).u16(range.from()).u16(range.to()).bool(range.heads());
  }

  private static LayerRange range(WireReader r) throws WireException {
    return new LayerRange(r.bool(), r.u16(), r.u16(), r.bool());
  }

  private static WireWriter session(WireWriter w, SessionId session) {
    return w.i64(session.high()).i64(session.low());
  }

  private static SessionId session(WireReader r) throws WireException {
    return new SessionId(r.i64(), r.i64());
  }

  private static int epoch(WireReader r) throws WireException {
    return r.i32(0, Integer.MAX_VALUE);
  }

  private static int position(WireReader r) throws WireException {
    return r.i32(0, Limits.MAX_POSITIONS);
  }

  private static long nonNegative(long value) throws WireException {
    require(value >= 0, "a number is negative");
    return value;
  }

  private static PeerId peer(WireReader r) throws WireException {
    return new PeerId(r.hash());
  }

  private static ModelId model(WireReader r) throws WireException {
    return new ModelId(r.hash());
  }

  private static Reason reason(WireReader r) throws WireException {
    int reason = r.u8();
    require(reason < REASONS.size(), "a reason of an unknown kind");
    return REASONS.get(reason);
  }

  // ---- announcements

  /** What stands before the hash of a policy, behind the offers. */
  private static final int POLICY = 1;

  /** The bytes of an announcement that are signed and travel. */
  public static byte[] encode(Announcement announcement) {
    WireWriter w = new WireWriter(512);
    w.u8(Limits.VERSION).hash(announcement.swarm().id()).hash(announcement.peer().key());
    w.i64(announcement.sequence()).i32(announcement.ttlSeconds());
    w.list(announcement.addresses(), address -> write(w, address));
    w.list(announcement.offers(), offer -> write(w, offer));
    // Only where there is one: other announcements have the bytes that they always had.
    announcement.policy().ifPresent(policy -> w.u8(POLICY).hash(policy));
    return w.toBytes();
  }

  private static void write(WireWriter w, Offer offer) {
    w.hash(offer.model().sha256()).text(offer.modelName()).u16(offer.modelLayers());
    w.i64(offer.headBytes()).hash(offer.headHash());
    write(w, offer.range());
    w.f32(offer.layersPerSecond()).i32(offer.queueMillis()).i32(offer.freePositions());
  }

  /**
   * The announcement of a signed announcement's body; its signature is not looked at.
   *
   * @throws WireException if the bytes are none
   */
  public static Announcement announcement(byte[] body) throws WireException {
    WireReader r = new WireReader(body);
    require(r.u8() == Limits.VERSION, "an announcement of another version");
    try {
      SwarmId swarm = new SwarmId(r.hash());
      PeerId peer = peer(r);
      long sequence = r.i64();
      int ttl = r.i32();
      List<PeerAddress> addresses = r.list(Limits.MAX_ADDRESSES, () -> address(r));
      List<Offer> offers = r.list(Limits.MAX_OFFERS, () -> offer(r));
      Optional<Hash32> policy = policy(r);
      r.end();
      return new Announcement(swarm, peer, sequence, ttl, addresses, offers, policy);
    } catch (IllegalArgumentException | FolkmootException outOfBounds) {
      throw malformed(String.valueOf(outOfBounds.getMessage()));
    }
  }

  private static Optional<Hash32> policy(WireReader r) throws WireException {
    if (!r.hasMore()) {
      return Optional.empty();
    }
    require(r.u8() == POLICY, "an announcement holds what is not known");
    return Optional.of(r.hash());
  }

  private static Offer offer(WireReader r) throws WireException {
    return new Offer(
        model(r), r.text(), r.u16(), r.i64(), r.hash(), range(r), r.f32(), r.i32(), r.i32());
  }
}
