package org.folkmoot.engine.model;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.NavigableMap;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.folkmoot.engine.gguf.GgufFile;
import org.folkmoot.kernel.WorkerPool;

/**
 * A prompt and some greedy tokens as hashes: SHA-256 over the bits (binary32, little-endian) of the
 * hidden states that enter a layer, for all tokens in order, and over those of the logits. However
 * the run is made, the hashes must be the same.
 *
 * @param prompt its ids
 * @param generated how many tokens follow
 */
record GreedyRun(int[] prompt, int generated) {
  /** A run whose prompt is drawn from a vocabulary. */
  static GreedyRun of(int vocabulary, int promptLength, int generated) {
    return new GreedyRun(
        new SplittableRandom(promptLength).ints(promptLength, 0, vocabulary).toArray(), generated);
  }

  /**
   * A way to make a run.
   *
   * @param threads that compute
   * @param chunk tokens of the prompt that go into a pass
   * @param others sequences that share each pass
   * @param cuts where the model is cut into spans, as in {@link SpanChain}
   * @param rejected tokens that are tried in vain and taken back before each token that counts
   */
  record Way(int threads, int chunk, int others, List<Integer> cuts, int rejected) {
    static final Way PLAIN = new Way(1, Integer.MAX_VALUE, 0, List.of(), 0);

    Way withThreads(int other) {
      return new Way(other, chunk, others, cuts, rejected);
    }

    Way withChunk(int other) {
      return new Way(threads, other, others, cuts, rejected);
    }

    Way withOthers(int other) {
      return new Way(threads, chunk, other, cuts, rejected);
    }

    Way withCuts(List<Integer> other) {
      return new Way(threads, chunk, others, other, rejected);
    }

    Way withRejected(int other) {
      return new Way(threads, chunk, others, cuts, other);
    }
  }

  /**
   * The hashes by the oracle.
   *
   * @return by the number of layers that are done: 0 is the embedding, one more than there are
   *     layers the logits
   */
  NavigableMap<Integer, String> hashes(OracleModel oracle) {
    Digests digests = new Digests();
    int next = 0;
    for (int i = 0; i < prompt.length + generated; i++) {
      List<float[]> states = oracle.next(i < prompt.length ? prompt[i] : next);
      for (int done = 0; done < states.size(); done++) {
        digests.add(done, states.get(done));
      }
      next = first(states.getLast());
    }
    return digests.finish();
  }

  /** The hashes by the engine: those at its cuts, and that of the logits. */
  NavigableMap<Integer, String> hashes(GgufFile file, ModelConfig config, Way way) {
    try (WorkerPool workers = new WorkerPool(way.threads);
        SpanChain chain = new SpanChain(file, config, workers, way.cuts);
        SpanChain.Sequence ours = chain.new Sequence()) {
      Passes passes = new Passes(chain, ours, config, way.others);
      List<Integer> done = new ArrayList<>(way.cuts);
      done.add(config.layers() + 1);
      Digests digests = new Digests();
      float[] logits = {};
      for (int at = 0; at < prompt.length; ) {
        int length = Math.min(way.chunk, prompt.length - at);
        logits = passes.counted(Arrays.copyOfRange(prompt, at, at + length), done, digests);
        at += length;
      }
      for (int i = 0; i < generated; i++) {
        if (way.rejected > 0) {
          int before = ours.length();
          int[] draft = new int[way.rejected];
          Arrays.fill(draft, i);
          passes.pass(draft);
          ours.truncate(before);
        }
        int next =
            first(Arrays.copyOfRange(logits, logits.length - config.vocabulary(), logits.length));
        logits = passes.counted(new int[] {next}, done, digests);
      }
      return digests.finish();
    }
  }

  /** One hash for each place in the model. */
  private static final class Digests {
    private final NavigableMap<Integer, MessageDigest> digests = new TreeMap<>();

    void add(int done, float[] states) {
      byte[] bytes = new byte[4 * states.length];
      ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().put(states);
      digests.computeIfAbsent(done, _ -> sha256()).update(bytes);
    }

    NavigableMap<Integer, String> finish() {
      NavigableMap<Integer, String> hashes = new TreeMap<>();
      digests.forEach((at, digest) -> hashes.put(at, HexFormat.of().formatHex(digest.digest())));
      return hashes;
    }

    private static MessageDigest sha256() {
      try {
        return MessageDigest.getInstance("SHA-256");
      } catch (NoSuchAlgorithmException impossible) {
        throw new IllegalStateException(impossible);
      }
    }
  }

  /** Passes that our sequence shares with some others. */
  private static final class Passes {
    private final SpanChain chain;
    private final SpanChain.Sequence ours;
    private final List<Neighbour> neighbours = new ArrayList<>();

    Passes(SpanChain chain, SpanChain.Sequence ours, ModelConfig config, int others) {
      this.chain = chain;
      this.ours = ours;
      for (int i = 0; i < others; i++) {
        neighbours.add(new Neighbour(chain.new Sequence(), i, config.vocabulary()));
      }
    }

    /** A pass whose outputs count; gives the logits. */
    float[] counted(int[] ids, List<Integer> done, Digests digests) {
      List<float[]> outputs = pass(ids);
      for (int i = 0; i < outputs.size(); i++) {
        digests.add(done.get(i), outputs.get(i));
      }
      return outputs.getLast();
    }

    /** A pass with our ids in the middle of the others'; gives our outputs of every span. */
    List<float[]> pass(int[] ids) {
      List<SpanChain.Part> parts = new ArrayList<>();
      neighbours.forEach(neighbour -> parts.add(neighbour.next()));
      int before = neighbours.size() / 2;
      parts.add(before, new SpanChain.Part(ours, ids));
      int skipped = parts.subList(0, before).stream().mapToInt(part -> part.ids().length).sum();
      List<float[]> all = chain.forward(parts);
      List<float[]> outputs = new ArrayList<>();
      for (int i = 0; i < all.size(); i++) {
        int width = chain.widths().get(i);
        outputs.add(
            Arrays.copyOfRange(all.get(i), skipped * width, (skipped + ids.length) * width));
      }
      return outputs;
    }
  }

  /** Another sequence, which takes steps of its own lengths and begins anew now and then. */
  private static final class Neighbour {
    private static final int LONGEST = 100;

    private final SpanChain.Sequence sequence;
    private final SplittableRandom random;
    private final int vocabulary;

    Neighbour(SpanChain.Sequence sequence, int number, int vocabulary) {
      this.sequence = sequence;
      this.random = new SplittableRandom(number);
      this.vocabulary = vocabulary;
    }

    SpanChain.Part next() {
      int length = random.nextInt(4) == 0 ? random.nextInt(1, 20) : 1;
      if (sequence.length() + length > LONGEST) {
        sequence.truncate(random.nextInt(LONGEST / 2));
      }
      return new SpanChain.Part(sequence, random.ints(length, 0, vocabulary).toArray());
    }
  }

  /** The likeliest id; of equals the least. */
  private static int first(float[] logits) {
    int best = 0;
    for (int id = 1; id < logits.length; id++) {
      if (logits[id] > logits[best]) {
        best = id;
      }
    }
    return best;
  }
}
