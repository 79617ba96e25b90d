package org.folkmoot.wire;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.folkmoot.base.Hash32;

/**
 * What one peer says to another. {@link MessageCodec} has the bytes.
 *
 * <p><b>A session</b> is one generation over a chain of hops. Its client opens a seat at each hop
 * ({@link Open}), naming the peer before it and the peer behind it, and sends token ids to the
 * first ({@link Forward}); each hop sends hidden states straight to the next and digests of them to
 * the client ({@link Computed}); the last samples and tells the client ({@link Sampled}). Hops keep
 * what they sent, so that a lost one can be replaced: the client opens a seat at another, turns the
 * neighbours to it ({@link Rewire}), and the hop before replays. Each change raises the session's
 * <i>epoch</i>; what still comes of an older epoch is dropped.
 */
public sealed interface Message {
  // ---- links

  /**
   * The first message of each side of a link.
   *
   * @param swarm the swarm that the sender means; one who means another is turned away
   * @param software name and version, for people
   * @param observed where the sender sees the receiver, if it is an address of the network
   * @param listenPort where the sender accepts links, by the same transport; 0 if it does not
   * @param clockMillis the sender's date, so that skew shows
   */
  record Hello(
      SwarmId swarm,
      String software,
      Optional<PeerAddress> observed,
      int listenPort,
      long clockMillis)
      implements Message {}

  /** Asks for a {@link Pong} with the same number. */
  record Ping(long nonce) implements Message {}

  /** Answers a {@link Ping}. */
  record Pong(long nonce) implements Message {}

  /** The sender is about to close the link, and why. */
  record Goodbye(Reason reason, String text) implements Message {}

  // ---- membership

  /**
   * What announcements the sender has, so that the receiver can send what is newer and ask for what
   * it lacks.
   *
   * @param sequences the sequence number of each peer's latest announcement
   * @param whole whether these are all; else a sample
   */
  record GossipDigest(Map<PeerId, Long> sequences, boolean whole) implements Message {
    /** Copies. */
    public GossipDigest {
      sequences = Map.copyOf(sequences);
    }
  }

  /** Asks for these peers' announcements. */
  record GossipWant(List<PeerId> peers) implements Message {
    /** Copies. */
    public GossipWant {
      peers = List.copyOf(peers);
    }
  }

  /** Signed announcements, each as {@link SignedAnnouncement} has its bytes. */
  record Gossip(List<SignedAnnouncement> announcements) implements Message {
    /** Copies. */
    public Gossip {
      announcements = List.copyOf(announcements);
    }
  }

  // ---- models

  /** Asks for a part of the head of a model's file: all before its weights. */
  record HeadRequest(ModelId model, long offset) implements Message {}

  /**
   * A part of a head.
   *
   * @param total bytes of the head; 0 if the sender does not have the model
   */
  record HeadPart(ModelId model, long offset, long total, byte[] bytes) implements Message {}

  /** Asks for the text of what the receiver's operator declares to do to conversations. */
  record PolicyRequest() implements Message {}

  /**
   * Answers a {@link PolicyRequest}.
   *
   * @param text whose SHA-256 the sender announces and signs; empty if it declares nothing
   */
  record PolicyText(byte[] text) implements Message {}

  // ---- relaying and dialling at the same time

  /**
   * Asks the receiver to connect the sender with a peer that has a link to the receiver. Each link
   * has its own numbers for circuits: even ones are drawn by the side with the smaller key, odd
   * ones by the other.
   */
  record RelayOpen(long circuit, PeerId target) implements Message {}

  /**
   * Tells each end of a new circuit who is at the other. Its number is the relay's for the target,
   * and that of the {@link RelayOpen} for who opened it.
   *
   * @param from the other end
   * @param observed at which UDP port the relay sees it, if by QUIC: both may try to do without the
   *     relay
   */
  record RelayOffer(long circuit, PeerId from, Optional<PeerAddress> observed) implements Message {}

  /**
   * Bytes between the two ends of a circuit, of which the relay understands nothing; no more than
   * {@link Limits#RELAY_WINDOW} beyond what was credited.
   */
  record RelayData(long circuit, byte[] bytes) implements Message {}

  /**
   * So many bytes of a circuit were taken: as many more may be sent. The relay passes it on no
   * faster than it is willing to carry.
   */
  record RelayCredit(long circuit, int bytes) implements Message {}

  /** A circuit is over, or never came to be. */
  record RelayClose(long circuit, Reason reason) implements Message {}

  /**
   * Asks the receiver to try whether it can dial the sender at these addresses; it tries only those
   * of the host where it sees the sender.
   */
  record DialBack(List<PeerAddress> addresses) implements Message {
    /** Copies. */
    public DialBack {
      addresses = List.copyOf(addresses);
    }
  }

  /** Answers a {@link DialBack}. */
  record DialedBack(boolean reached) implements Message {}

  // ---- sessions

  /**
   * Opens a seat for a session at a hop.
   *
   * @param epoch the session's count of changes
   * @param range what of the model the hop computes; all within what it offers
   * @param maxPositions the session's greatest length
   * @param upstream whose {@link Forward}s the hop takes
   * @param next who gets its outputs; empty for the last hop, which samples
   * @param sendFrom outputs of earlier positions are kept but not sent: the next hop has them
   * @param sampling for the last hop: how it chooses tokens
   */
  record Open(
      SessionId session,
      int epoch,
      ModelId model,
      LayerRange range,
      int maxPositions,
      PeerId upstream,
      Optional<Contact> next,
      int sendFrom,
      Optional<Sampling> sampling)
      implements Message {}

  /** A peer and where it can be reached. */
  record Contact(PeerId peer, List<PeerAddress> addresses) {
    /** Copies. */
    public Contact {
      addresses = List.copyOf(addresses);
    }
  }

  /**
   * How the last hop chooses tokens: the fields of the engine's sampler settings.
   *
   * @param history the sequence so far, prompt included: what the repetition penalty looks at
   * @param topLogprobs alternatives to report; -1 for no log-probabilities at all
   */
  record Sampling(
      float temperature,
      int topK,
      float topP,
      float minP,
      float repeatPenalty,
      int repeatWindow,
      long seed,
      Map<Integer, Float> logitBias,
      int[] history,
      int topLogprobs) {
    /** Copies the map; the array is the caller's promise not to change it. */
    public Sampling {
      logitBias = Map.copyOf(logitBias);
    }

    /** The same for a longer sequence. */
    public Sampling withHistory(int[] longer) {
      return new Sampling(
          temperature,
          topK,
          topP,
          minP,
          repeatPenalty,
          repeatWindow,
          seed,
          logitBias,
          longer,
          topLogprobs);
    }
  }

  /** The seat is there. */
  record Opened(SessionId session, int epoch) implements Message {}

  /**
   * The hop cannot serve the session, or cannot go on.
   *
   * @param retryAfterMillis for {@link Reason#BUSY}: when to ask again; else 0
   */
  record Refused(SessionId session, int epoch, Reason reason, int retryAfterMillis, String text)
      implements Message {}

  /**
   * The next tokens of a session. They follow {@code position}; what the hop holds beyond it is
   * forgotten first, which is how a rejected draft is taken back.
   *
   * @param position of the first token
   * @param tokens how many
   * @param wantFrom the last hop samples after each token from this position on
   * @param ids token ids, for a hop that embeds; else empty
   * @param hidden hidden states {@code [token][dim]}, for a hop that does not; else empty
   */
  record Forward(
      SessionId session,
      int epoch,
      int position,
      int tokens,
      int wantFrom,
      int[] ids,
      float[] hidden)
      implements Message {}

  /**
   * Drafted tokens, told to the last hop by the client: it samples after each as long as what it
   * sampled before is what was drafted. Sent before the {@link Forward} that has them.
   *
   * @param position of the first
   */
  record Draft(SessionId session, int epoch, int position, int[] ids) implements Message {}

  /**
   * Told to the client by each hop: of a long step at once, of steps of one token for several at a
   * time, for they are many and the client is in no hurry to hear of them.
   *
   * @param fromLayer the first layer of the seat that computed them
   * @param toLayer the layer behind its last: a peer may have had another seat of the same session
   * @param position of the first token
   * @param tokens how many, of consecutive positions
   * @param steps in how many steps they came: 1 or {@code tokens}
   * @param digests SHA-256 of each token's output, 32 bytes each; of the last hop, of the hidden
   *     states before the head
   * @param queueMicros how long the steps waited for their passes, together
   * @param computeMicros how long the passes took, together
   */
  record Computed(
      SessionId session,
      int epoch,
      int fromLayer,
      int toLayer,
      int position,
      int tokens,
      int steps,
      byte[] digests,
      int queueMicros,
      int computeMicros)
      implements Message {}

  /** The tokens that the last hop chose, in order of their positions. */
  record Sampled(SessionId session, int epoch, List<Token> tokens) implements Message {
    /** Copies. */
    public Sampled {
      tokens = List.copyOf(tokens);
    }
  }

  /**
   * A chosen token.
   *
   * @param position where it stands: one behind the position whose logits it came from
   * @param logprob natural logarithm of its probability; NaN if not asked for
   * @param topIds the likeliest, as many as asked for
   * @param topLogprobs theirs
   */
  record Token(int position, int id, float logprob, int[] topIds, float[] topLogprobs) {}

  /**
   * Changes a hop's neighbours. Whoever gets it drops all of older epochs.
   *
   * @param upstream the peer before it, if that changes
   * @param next the peer behind it, if that changes
   * @param replayFrom first position whose outputs are sent (again) to the new next hop
   */
  record Rewire(
      SessionId session,
      int epoch,
      Optional<PeerId> upstream,
      Optional<Contact> next,
      int replayFrom)
      implements Message {}

  /**
   * Answers a {@link Rewire}.
   *
   * @param length positions that the hop has computed
   */
  record Rewired(SessionId session, int epoch, int length) implements Message {}

  /** Told to the client: the next hop cannot be reached, or its link broke. */
  record HopLost(SessionId session, int epoch, PeerId lost) implements Message {}

  /**
   * Told to the hop before: how much of what it sent is computed, so that it sends more. A hop that
   * is slower than the one before it would be flooded otherwise, by a long prompt or a replay.
   *
   * @param epoch since when the two are neighbours
   * @param tokens of steps by the sender of these, all together since then
   */
  record Took(SessionId session, int epoch, int tokens) implements Message {}

  /**
   * Asks a hop to sign what it computed, once it has computed so much.
   *
   * @param key salts what it signs
   * @param length positions that the statement is about
   */
  record Attest(SessionId session, TraceKey key, int length) implements Message {}

  /** Answers an {@link Attest}. */
  record Attested(SignedStatement signed) implements Message {}

  /**
   * Acknowledges what a hop has signed: with its {@link Attested} a {@link CreditClaim}.
   *
   * @param tokens positions that the sender says were computed
   * @param signature over {@link CreditClaim#signedBytes}, 64 bytes
   */
  record Acknowledge(SessionId session, int tokens, byte[] signature) implements Message {}

  /**
   * Tells that a peer is proven to have computed wrongly. The receiver checks it for itself.
   *
   * @param proof a fraud proof's canonical bytes
   */
  record Accusation(byte[] proof) implements Message {}

  /**
   * Asks a peer about a statement that it signed: a step of a dispute.
   *
   * @param number the asker's own, for the answer
   * @param statement SHA-256 of what the statement's signature is over
   * @param key of the statement's session; who lacks it gets no answer
   * @param question its canonical bytes
   */
  record Question(long number, Hash32 statement, TraceKey key, byte[] question)
      implements Message {}

  /**
   * Answers a {@link Question}.
   *
   * @param reply the canonical bytes of a reply with its signature
   */
  record Answer(long number, byte[] reply) implements Message {}

  /** A {@link Question} has no answer, or none now. */
  record NoAnswer(long number, Reason reason) implements Message {}

  /**
   * Tells a peer of a statement by another about work that the receiver has signed, too, and
   * otherwise: one of the two is wrong, and whoever is right can prove it.
   *
   * @param signed the other's statement
   * @param key of both sessions
   */
  record Differs(SignedStatement signed, TraceKey key) implements Message {}

  /** The client is still there: keeps the seat for another lease. */
  record Renew(SessionId session) implements Message {}

  /** The session is over: frees the seat at once. */
  record Close(SessionId session) implements Message {}

  // ---- feeds of the ledger

  /**
   * How far the sender is with a feed.
   *
   * @param size entries that its member has signed
   * @param mark differs where what is kept of cosignatures does
   * @param forked whether it is proven that the member signed two histories
   */
  record FeedHead(PeerId feed, long size, Hash32 root, long mark, boolean forked) {}

  /**
   * What feeds the sender has, so that the receiver can ask for what it lacks and tell what is
   * newer.
   *
   * @param whole whether these are all; else some
   */
  record FeedHeads(List<FeedHead> heads, boolean whole) implements Message {
    /** Copies. */
    public FeedHeads {
      heads = List.copyOf(heads);
    }
  }

  /** Asks for the signed head of a feed. */
  record FeedWant(PeerId feed) implements Message {}

  /** The signed head of a feed: a note with its cosignatures, as bytes. */
  record FeedNote(byte[] note) implements Message {}

  /**
   * Asks for entries.
   *
   * @param from the first; so many the receiver of the entries has
   * @param size of the head that they are to lead to
   */
  record EntriesWant(PeerId feed, long from, long size) implements Message {}

  /**
   * Answers an {@link EntriesWant}.
   *
   * @param entries the next ones, as many as one message carries
   * @param before root of the sender's first {@code from} entries
   * @param growthBefore proves that they are the beginning of the head's
   * @param growthAfter proves that they are it with these entries, too
   */
  record EntriesPart(
      PeerId feed,
      long from,
      long size,
      List<byte[]> entries,
      Hash32 before,
      List<Hash32> growthBefore,
      List<Hash32> growthAfter)
      implements Message {
    /** Copies the lists; the arrays are the caller's promise not to change them. */
    public EntriesPart {
      entries = List.copyOf(entries);
      growthBefore = List.copyOf(growthBefore);
      growthAfter = List.copyOf(growthAfter);
    }
  }

  /**
   * Asks for cosigned heads of a feed.
   *
   * @param below of fewer entries than so many
   */
  record CosignedWant(PeerId feed, long below) implements Message {}

  /**
   * Answers a {@link CosignedWant}.
   *
   * @param notes the largest of them, as many as one message carries, the largest first
   * @param end entries of the last of them
   * @param rest the mark of those of fewer entries
   */
  record CosignedPart(PeerId feed, List<byte[]> notes, long end, long rest) implements Message {
    /** Copies the list; the arrays are the caller's promise not to change them. */
    public CosignedPart {
      notes = List.copyOf(notes);
    }
  }

  /** Tells that a member signed two histories: the canonical bytes of a proof. */
  record Forked(byte[] proof) implements Message {}

  /** Why something is refused or ends. */
  enum Reason {
    /** The bytes or their order make no sense. */
    MALFORMED,
    /** Another version of the protocol. */
    VERSION,
    /** Another swarm. */
    SWARM,
    /** The peer does not have that model, or not those layers. */
    NOT_HERE,
    /** There is no such session, or it is not the asker's. */
    NO_SESSION,
    /** No room now. */
    BUSY,
    /** The asker wants more than it may have. */
    LIMIT,
    /** The computation failed. */
    FAILED,
    /** The peer is about to stop. */
    STOPPING,
    /** The other side has been silent for too long. */
    SILENT,
    /** There is a better link between the two. */
    DUPLICATE,
    /** The other end cannot be reached. */
    UNREACHABLE
  }
}
