package org.folkmoot.wire;

/** Bounds of what peers may send each other. A message beyond them is malformed. */
public final class Limits {
  /** The version of the protocol: the first byte of each frame. */
  public static final int VERSION = 1;

  /** Bytes of a frame: 128 hidden states of the largest models, 16,384 numbers each, and a head. */
  public static final int MAX_FRAME = (8 << 20) + 4096;

  /** Numbers of a {@link Message.Forward}: 8 MiB. */
  public static final int MAX_FLOATS = 2 << 20;

  /** Tokens of a {@link Message.Forward}; longer prompts are cut. */
  public static final int MAX_STEP_TOKENS = 4096;

  /**
   * Numbers of steps that a hop may have sent to the next and not heard of: 4 MiB, of which the
   * next one tells after each quarter (see {@link Message.Took}).
   */
  public static final int STEP_WINDOW = 1 << 20;

  /** Positions of a session: more than any model's context. */
  public static final int MAX_POSITIONS = 1 << 21;

  /** Addresses of a peer: two transports, IPv4 and IPv6, at home and outside, and some relays. */
  public static final int MAX_ADDRESSES = 12;

  /** Announcements in one message; one is at most {@link #MAX_ANNOUNCEMENT} bytes. */
  public static final int MAX_GOSSIP = 64;

  /** Entries of a digest of announcements. */
  public static final int MAX_DIGEST = 512;

  /** Bytes of a signed announcement. */
  public static final int MAX_ANNOUNCEMENT = 2048;

  /** Spans in an announcement: what one machine serves at a time. */
  public static final int MAX_OFFERS = 8;

  /** Bytes of a text: names, reasons. */
  public static final int MAX_TEXT = 300;

  /** Bytes of a part of a model file's head. */
  public static final int MAX_PART = 1 << 20;

  /** Bytes of a declared policy: a long system prompt and hundreds of rules. */
  public static final int MAX_POLICY = 64 << 10;

  /** Bytes of a message of a circuit: four records of TLS. */
  public static final int MAX_RELAYED = 64 << 10;

  /**
   * Bytes of a circuit that are under way in one direction: with a round trip of 100 ms this makes
   * 10 MB/s, and a relay holds no more of a circuit.
   */
  public static final int RELAY_WINDOW = 1 << 20;

  /** Bytes of a question in a dispute: a few small numbers. */
  public static final int MAX_QUESTION = 32;

  /** Bytes of an answer in a dispute: the rows that an operator reads, and hashes beside them. */
  public static final int MAX_ANSWER = 8_000_000 + (256 << 10);

  /** Entries of a logit bias, as OpenAI's API bounds it. */
  public static final int MAX_BIAS = 1024;

  /** Alternatives that are reported for a token. */
  public static final int MAX_TOP = 20;

  /** Feeds in one message: 20 kB. */
  public static final int MAX_HEADS = 256;

  /** Bytes of a feed's signed head, with the cosignatures of 31 witnesses. */
  public static final int MAX_NOTE = 128 << 10;

  /** Cosigned heads of a feed in one message. */
  public static final int MAX_NOTES = 32;

  /** Entries of a feed in one message: a bundle. */
  public static final int MAX_ENTRIES = 256;

  /** Bytes of an entry. */
  public static final int MAX_ENTRY = 0xffff;

  /** Hashes of a proof about a tree. */
  public static final int MAX_TREE_PROOF = 64;

  /** Bytes of a proof that a member signed two histories. */
  public static final int MAX_FORK = 64 << 10;

  private Limits() {}
}
