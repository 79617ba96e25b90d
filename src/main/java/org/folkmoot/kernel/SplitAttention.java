package org.folkmoot.kernel;

import static org.folkmoot.kernel.MachineAttention.floats;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * {@link Attention#attend} for one token that sees much, cut into parts of whole chunks that
 * several threads work on: first all scores, then, with the maximum of all, what each chunk's
 * values weigh. Whoever is last adds the chunks up in their order, so a part's length changes no
 * bit ("split-KV" decoding as in Dao et al. 2023, Flash-Decoding, but with the exact maximum).
 */
public final class SplitAttention {
  /** What a token must see for its attention to be worth cutting. */
  private static final int LEAST = 4 * Attention.CHUNK;

  private final MachineAttention machine;
  private final MachineAttention.Past past;
  private final Attention.Queries queries;
  private final Memory memory;
  private final int seen;
  private final int stride;
  private final int partLength;
  private final int parts;
  private final AtomicInteger left;

  /** Working memory of one such token and KV head, to be used again. */
  public static final class Memory {
    private float[] queries = new float[0];
    private float[] scores = new float[0];
    private float[] maxima = new float[0];
    private float[] records = new float[0];

    private void fit(int queries, int scores, int maxima, int records) {
      this.queries = fit(this.queries, queries);
      this.scores = fit(this.scores, scores);
      this.maxima = fit(this.maxima, maxima);
      this.records = fit(this.records, records);
    }

    private static float[] fit(float[] array, int length) {
      return array.length < length ? new float[length + length / 4] : array;
    }
  }

  private SplitAttention(
      MachineAttention machine,
      MachineAttention.Past past,
      Attention.Queries queries,
      int partLength,
      Memory memory) {
    this.machine = machine;
    this.past = past;
    this.queries = queries;
    this.memory = memory;
    this.seen = queries.to(0);
    this.stride = (seen + 15) / 16 * 16;
    this.partLength = partLength;
    this.parts = (seen + partLength - 1) / partLength;
    this.left = new AtomicInteger(parts);
    int rows = queries.heads();
    memory.fit(
        rows * past.layout().headDim(),
        rows * stride,
        rows * parts,
        rows * (chunks() + 1) * machine.recordLength());
    machine.gather(queries, memory.queries);
  }

  /**
   * The attention in so many parts or fewer, if it can and need be cut.
   *
   * @param queries of one token
   * @param memory nobody else's until {@link #weigh} was called for all parts
   */
  public static Optional<SplitAttention> of(
      KvLayout layout,
      List<MemorySegment> pages,
      int layer,
      int kvHead,
      Attention.Queries queries,
      int parts,
      Memory memory) {
    if (parts < 2 || queries.tokens() > 1 || queries.to(0) < LEAST || queries.from(0) > 0) {
      return Optional.empty();
    }
    int chunks = (queries.to(0) + Attention.CHUNK - 1) / Attention.CHUNK;
    int length = Math.max(2, (chunks + parts - 1) / parts) * Attention.CHUNK;
    MachineAttention.Past past = new MachineAttention.Past(layout, pages, layer, kvHead);
    return MachineKernels.get()
        .flatMap(kernels -> kernels.attention(layout))
        .map(machine -> new SplitAttention(machine, past, queries, length, memory));
  }

  /** Number of parts. */
  public int parts() {
    return parts;
  }

  private int chunks() {
    return (seen + Attention.CHUNK - 1) / Attention.CHUNK;
  }

  private int from(int part) {
    return part * partLength;
  }

  private int to(int part) {
    return Math.min(from(part) + partLength, seen);
  }

  /** A part's scores; in any order, on any thread. */
  public void score(int part) {
    int from = from(part);
    int to = to(part);
    for (int first = 0; first < queries.heads(); first += MachineAttention.ROWS) {
      int rows = Math.min(MachineAttention.ROWS, queries.heads() - first);
      MemorySegment own = floats(memory.queries, (long) first * past.layout().headDim());
      machine.scores(past, own, rows, from, to, scores(first, from), stride);
      for (int row = first; row < first + rows; row++) {
        float scale =
            MachineAttention.bound(queries, memory.scores, row * stride + from, to - from);
        memory.maxima[row * parts + part] = machine.maximum(scores(row, from), to - from, scale);
      }
    }
  }

  /** What a part's values weigh; in any order, on any thread, after all parts' scores. */
  public void weigh(int part) {
    int from = from(part);
    int to = to(part);
    for (int first = 0; first < queries.heads(); first += MachineAttention.ROWS) {
      int rows = Math.min(MachineAttention.ROWS, queries.heads() - first);
      for (int row = first; row < first + rows; row++) {
        machine.terms(scores(row, from), to - from, to - from, maximum(row));
      }
      for (int chunk = from; chunk < to; chunk += Attention.CHUNK) {
        int end = Math.min(chunk + Attention.CHUNK, to);
        int record = record(chunk / Attention.CHUNK, first);
        clear(record, rows);
        MemorySegment records = floats(memory.records, record);
        machine.weigh(past, rows, chunk, end, scores(first, chunk), stride, records);
      }
    }
    if (left.decrementAndGet() == 0) {
      addUp();
    }
  }

  private MemorySegment scores(int row, int position) {
    return floats(memory.scores, (long) row * stride + position);
  }

  private float maximum(int row) {
    float max = queries.sink(row);
    for (int part = 0; part < parts; part++) {
      max = Math.max(max, memory.maxima[row * parts + part]);
    }
    return max;
  }

  /** Where a row's record of a chunk begins; behind those of all chunks are the totals. */
  private int record(int chunk, int row) {
    return (chunk * queries.heads() + row) * machine.recordLength();
  }

  private void clear(int record, int rows) {
    Arrays.fill(memory.records, record, record + rows * machine.recordLength(), 0f);
  }

  private void addUp() {
    int rows = queries.heads();
    int total = record(chunks(), 0);
    clear(total, rows);
    for (int row = 0; row < rows; row++) {
      int record = total + row * machine.recordLength();
      machine.beginWithSink(queries, row, maximum(row), memory.records, record);
    }
    for (int chunk = 0; chunk < chunks(); chunk++) {
      int length = rows * machine.recordLength();
      Elementwise.add(memory.records, total, memory.records, record(chunk, 0), length);
    }
    for (int row = 0; row < rows; row++) {
      machine.divide(queries, row, floats(memory.records, record(chunks(), row)));
    }
  }
}
