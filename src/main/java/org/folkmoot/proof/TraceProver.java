package org.folkmoot.proof;

import static org.folkmoot.base.FolkmootException.Code.BAD_REQUEST;

import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.IntFunction;
import java.util.function.Predicate;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.base.Hash32;
import org.folkmoot.base.MerkleTree;
import org.folkmoot.engine.model.SpanInputs;
import org.folkmoot.engine.model.SpanTrace;
import org.folkmoot.engine.model.TraceOrder;
import org.folkmoot.engine.model.TracePoint;
import org.folkmoot.peer.Signer;
import org.folkmoot.wire.HopStatement;
import org.folkmoot.wire.SignedStatement;
import org.folkmoot.wire.TraceKey;

/**
 * Answers for a statement by computing again: from the inputs once for the stages, once as far as
 * the disputed stage for its operators, and once more as far as the disputed position for rows. Of
 * the results it keeps hashes only: 32 bytes for each position and stage, and for each operator of
 * one stage. For one thread.
 */
public final class TraceProver implements Prover {
  /** Computes and shows results: {@link SpanTrace#run}. */
  @FunctionalInterface
  public interface Computation {
    /** As {@link SpanTrace#run}. */
    void run(
        int lastStage, int positions, Predicate<TracePoint> wanted, SpanTrace.Listener listener);
  }

  private final HopStatement statement;
  private final TraceKey key;
  private final TraceOrder order;
  private final SpanInputs inputs;
  private final Computation trace;
  private final Signer signer;
  private final Map<TracePoint, Rows> outputs = new HashMap<>();
  private final Map<TracePoint, Rows> operators = new HashMap<>();

  /** The hashes of one operator's rows. */
  private final class Rows {
    private final byte[] hashes = new byte[inputs.length() * Hash32.BYTES];

    void put(int position, byte[] row) {
      byte[] hash = Hash32.newSha256().digest(row);
      System.arraycopy(hash, 0, hashes, position * Hash32.BYTES, Hash32.BYTES);
    }

    byte[] at(int position) {
      int at = position * Hash32.BYTES;
      return Arrays.copyOfRange(hashes, at, at + Hash32.BYTES);
    }

    byte[] leaf(int position) {
      return key.hiddenLeaf(position, at(position));
    }

    Hash32 root(int from, int to) {
      MerkleTree tree = new MerkleTree();
      for (int position = from; position < to; position++) {
        tree.add(leaf(position));
      }
      return tree.root();
    }
  }

  /**
   * A prover of one statement.
   *
   * @param trace computes the statement's span from these inputs
   * @param signer who made the statement
   * @throws FolkmootException BAD_REQUEST if the statement is another's, or about other inputs or
   *     another key
   */
  public TraceProver(
      SignedStatement signed,
      TraceKey key,
      TraceOrder order,
      SpanInputs inputs,
      Computation trace,
      Signer signer) {
    this.statement = signed.statement();
    this.key = key;
    this.order = order;
    this.inputs = inputs;
    this.trace = trace;
    this.signer = signer;
    boolean own =
        signed.hop().equals(signer.peerId())
            && statement.traceKeyHash().equals(key.hash())
            && statement.length() == inputs.length()
            && order.stages() == Claims.stages(statement.range());
    if (!own || !inputRows().root(0, inputs.length()).equals(statement.inputs())) {
      throw new FolkmootException(
          BAD_REQUEST, "this is no statement of ours about these inputs: nothing to answer for");
    }
  }

  /**
   * {@inheritDoc} None if what it computes now is not what the statement says: it could only
   * contradict itself.
   */
  @Override
  public Optional<SignedReply> answer(Question question) {
    return standsByIt()
        ? reply(question).map(reply -> SignedReply.sign(signer, statement, question, reply))
        : Optional.empty();
  }

  /** Whether the statement comes out again. */
  public boolean standsByIt() {
    List<Hash32> stages = stages();
    return stages.isEmpty() || stages.getLast().equals(statement.outputs());
  }

  private List<Hash32> stages() {
    if (outputs.isEmpty() && order.stages() > 0) {
      Set<TracePoint> last = new HashSet<>();
      for (int stage = 0; stage < order.stages(); stage++) {
        last.add(order.stage(stage).getLast());
      }
      collect(order.stages() - 1, last, outputs);
    }
    List<Hash32> roots = new ArrayList<>();
    for (int stage = 0; stage < order.stages(); stage++) {
      roots.add(of(outputs, order.stage(stage).getLast()).root(0, inputs.length()));
    }
    return roots;
  }

  private void collect(int lastStage, Set<TracePoint> points, Map<TracePoint, Rows> into) {
    points.forEach(point -> into.put(point, new Rows()));
    trace.run(
        lastStage,
        inputs.length(),
        points::contains,
        (point, position, row) -> of(into, point).put(position, row));
  }

  private Rows of(Map<TracePoint, Rows> rows, TracePoint point) {
    return Optional.ofNullable(rows.get(point)).orElseThrow();
  }

  private Optional<Reply> reply(Question question) {
    return switch (question) {
      case Question.Stages() -> Optional.of(new Reply.Hashes(stages()));
      case Question.Operators(int stage) when stage < order.stages() ->
          Optional.of(
              new Reply.Hashes(
                  order.stage(stage).stream()
                      .map(point -> rows(stage, point).root(0, inputs.length()))
                      .toList()));
      case Question.Groups(int stage, int operator) when exists(stage, operator) ->
          Optional.of(new Reply.Hashes(groups(rows(stage, order.stage(stage).get(operator)))));
      case Question.Positions(int stage, int operator, int group)
          when exists(stage, operator) && group < Question.groups(inputs.length()) ->
          Optional.of(
              new Reply.Hashes(positions(rows(stage, order.stage(stage).get(operator)), group)));
      case Question.Inputs(int stage, int operator, int position)
          when exists(stage, operator) && position < inputs.length() ->
          open(order.stage(stage).get(operator), position);
      case Question.Operators _, Question.Groups _, Question.Positions _, Question.Inputs _ ->
          Optional.empty();
    };
  }

  private boolean exists(int stage, int operator) {
    return stage < order.stages() && operator < order.stage(stage).size();
  }

  /** Hashes of an operator's rows; those of its whole stage, when they are not there yet. */
  private Rows rows(int stage, TracePoint point) {
    if (outputs.containsKey(point)) {
      return of(outputs, point);
    }
    if (!operators.containsKey(point)) {
      operators.clear();
      collect(stage, Set.copyOf(order.stage(stage)), operators);
    }
    return of(operators, point);
  }

  private List<Hash32> groups(Rows rows) {
    List<Hash32> roots = new ArrayList<>();
    for (int from = 0; from < inputs.length(); from += Question.GROUP) {
      roots.add(rows.root(from, Math.min(inputs.length(), from + Question.GROUP)));
    }
    return roots;
  }

  private List<Hash32> positions(Rows rows, int group) {
    List<Hash32> hashes = new ArrayList<>();
    int from = group * Question.GROUP;
    for (int p = from; p < Math.min(inputs.length(), from + Question.GROUP); p++) {
      hashes.add(Hash32.of(rows.at(p)));
    }
    return hashes;
  }

  private Optional<Reply> open(TracePoint point, int position) {
    List<TraceOrder.Source> sources = order.sources(point);
    if (openedBytes(order, point, position) > Reply.MAX_ROW_BYTES) {
      return Optional.empty();
    }
    Map<TracePoint, ByteArrayOutputStream> opened = new HashMap<>();
    Map<TracePoint, Integer> from = new HashMap<>();
    for (TraceOrder.Source source : sources) {
      source
          .point()
          .ifPresent(read -> {
            opened.put(read, new ByteArrayOutputStream());
            from.put(read, source.wholePast() ? 0 : position);
          });
    }
    if (!opened.isEmpty()) {
      trace.run(
          order.stageOf(point),
          position + 1,
          opened::containsKey,
          (read, at, row) -> {
            if (at >= from.getOrDefault(read, 0)) {
              Optional.ofNullable(opened.get(read)).orElseThrow().writeBytes(row);
            }
          });
    }
    return Optional.of(
        new Reply.Opened(
            sources.stream().map(source -> opened(source, position, opened)).toList()));
  }

  private Reply.Source opened(
      TraceOrder.Source source, int position, Map<TracePoint, ByteArrayOutputStream> opened) {
    int from = source.wholePast() ? 0 : position;
    byte[] bytes =
        source
            .point()
            .map(read -> Optional.ofNullable(opened.get(read)).orElseThrow().toByteArray())
            .orElseGet(() -> inputs.row(position));
    Rows hashes =
        source.point().map(read -> rows(order.stageOf(read), read)).orElseGet(this::inputRows);
    IntFunction<byte[]> leaves = hashes::leaf;
    return new Reply.Source(bytes, MerkleRange.beside(leaves, inputs.length(), from, position + 1));
  }

  private Rows inputRows() {
    Rows rows = new Rows();
    for (int position = 0; position < inputs.length(); position++) {
      rows.put(position, inputs.row(position));
    }
    return rows;
  }

  /** Bytes of all rows that an operator reads at a position. */
  static long openedBytes(TraceOrder order, TracePoint point, int position) {
    return order.sources(point).stream()
        .mapToLong(source -> (source.wholePast() ? position + 1L : 1L) * order.rowBytes(source))
        .sum();
  }
}
