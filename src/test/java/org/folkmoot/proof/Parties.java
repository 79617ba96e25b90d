package org.folkmoot.proof;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import org.folkmoot.base.Hash32;
import org.folkmoot.base.MerkleTree;
import org.folkmoot.engine.gguf.GgufFile;
import org.folkmoot.engine.model.LoneOperator;
import org.folkmoot.engine.model.Operator;
import org.folkmoot.engine.model.Span;
import org.folkmoot.engine.model.SpanInputs;
import org.folkmoot.engine.model.SpanModel;
import org.folkmoot.engine.model.SpanTrace;
import org.folkmoot.engine.model.TraceOrder;
import org.folkmoot.engine.model.TracePoint;
import org.folkmoot.kernel.WorkerPool;
import org.folkmoot.peer.Identity;
import org.folkmoot.peer.SeededRandom;
import org.folkmoot.wire.HopStatement;
import org.folkmoot.wire.LayerRange;
import org.folkmoot.wire.ModelId;
import org.folkmoot.wire.SessionId;
import org.folkmoot.wire.SignedStatement;
import org.folkmoot.wire.TraceKey;

/**
 * A model, one span of it with its inputs, and peers that state what it gives: an honest one by
 * computing, others by whatever table of results they like to tell.
 */
final class Parties implements AutoCloseable {
  static final TraceKey KEY = TraceKey.ofSalt(Hash32.sha256(new byte[] {7}));
  static final Hash32 TOKENS = Hash32.sha256(new byte[] {8});

  /** Every result of a span, true or not. */
  record Table(Map<TracePoint, byte[][]> rows) {
    byte[][] of(TracePoint point) {
      return Optional.ofNullable(rows.get(point)).orElseThrow();
    }

    Table copy() {
      Map<TracePoint, byte[][]> copy = new HashMap<>();
      rows.forEach((point, its) -> copy.put(point, its.clone()));
      return new Table(copy);
    }
  }

  /** What a liar says an operator gave at a position, told what it gives. */
  interface Lie {
    byte[] told(TracePoint point, int position, byte[] right);
  }

  /** A peer with what it signed. */
  record Party(Identity identity, SignedStatement signed, TraceProver prover) {}

  final GgufFile file;
  final ModelAtHand model;
  final LayerRange range;
  final TraceOrder order;
  final SpanInputs inputs;
  final int[] ids;
  final Table truth;

  private final Span span;
  private final LoneOperator alone;
  private final SeededRandom random = new SeededRandom(3);

  Parties(Path path, LayerRange range, int length) {
    this.file = GgufFile.open(path);
    this.range = range;
    this.model = ModelAtHand.of(new ModelId(Hash32.sha256(path.toString().getBytes(UTF_8))), file);
    this.ids = new SplittableRandom(5).ints(length, 0, model.config().vocabulary()).toArray();
    this.span = Claims.span(range);
    this.order = new TraceOrder(model.config(), span);
    this.alone = new LoneOperator(file, model.config(), span);
    Span before = new Span(true, 0, range.to(), false);
    Table all = compute(before, new SpanInputs.Ids(ids));
    this.inputs = range.embeds() ? new SpanInputs.Ids(ids) : hidden(all, range.from());
    this.truth =
        range.embeds() || range.layers() == 0
            ? all
            : compute(Span.layers(range.from(), range.to()), inputs);
  }

  private SpanInputs hidden(Table all, int layers) {
    byte[][] rows =
        all.of(
            layers == 0
                ? TracePoint.of(0, Operator.EMBEDDING)
                : TracePoint.of(layers - 1, Operator.LAYER_OUTPUT));
    int dim = model.config().dim();
    float[] states = new float[rows.length * dim];
    for (int i = 0; i < rows.length; i++) {
      ByteBuffer.wrap(rows[i])
          .order(ByteOrder.LITTLE_ENDIAN)
          .asFloatBuffer()
          .get(states, i * dim, dim);
    }
    return new SpanInputs.Hidden(states, dim);
  }

  private Table compute(Span part, SpanInputs given) {
    Map<TracePoint, byte[][]> rows = new HashMap<>();
    try (WorkerPool pool = new WorkerPool(2);
        SpanModel loaded = SpanModel.load(file, model.config(), part, pool, _ -> {})) {
      SpanTrace trace = new SpanTrace(loaded, part, given);
      trace.run(
          trace.order().stages() - 1,
          given.length(),
          _ -> true,
          (point, position, row) ->
              rows.computeIfAbsent(point, _ -> new byte[given.length()][])[position] = row);
    }
    return new Table(rows);
  }

  /**
   * What a liar tells that goes on with its own lies: every operator from a stage and position on
   * is told, and what reads it computed from what was told.
   */
  Table lie(int fromStage, int fromPosition, Lie lie) {
    Table table = truth.copy();
    for (int stage = fromStage; stage < order.stages(); stage++) {
      for (TracePoint point : order.stage(stage)) {
        for (int position = fromPosition; position < inputs.length(); position++) {
          byte[] right = alone.compute(point, position, inputsOf(table, point, position));
          table.of(point)[position] = lie.told(point, position, right);
        }
      }
    }
    return table;
  }

  private List<List<byte[]>> inputsOf(Table table, TracePoint point, int position) {
    return order.sources(point).stream()
        .map(source ->
            source.point().isEmpty()
                ? List.of(inputs.row(position))
                : List.of(table.of(source.point().get()))
                    .subList(source.wholePast() ? 0 : position, position + 1))
        .toList();
  }

  /** A peer that tells a table. */
  Party party(Table table) {
    Identity identity = Identity.random(random);
    return party(identity, sign(identity, statement(table)), table);
  }

  Party party(Identity identity, SignedStatement signed, Table table) {
    TraceProver.Computation trace =
        (lastStage, positions, wanted, listener) -> {
          for (int stage = 0; stage <= lastStage; stage++) {
            for (TracePoint point : order.stage(stage)) {
              for (int position = 0; wanted.test(point) && position < positions; position++) {
                listener.row(point, position, table.of(point)[position]);
              }
            }
          }
        };
    return new Party(
        identity, signed, new TraceProver(signed, KEY, order, inputs, trace, identity));
  }

  SignedStatement sign(Identity identity, HopStatement statement) {
    return new SignedStatement(
        identity.peerId(), statement, identity.sign(statement.signedBytes()));
  }

  HopStatement statement(Table table) {
    MerkleTree given = new MerkleTree();
    for (int p = 0; p < inputs.length(); p++) {
      given.add(KEY.hiddenLeaf(p, Hash32.sha256(inputs.row(p)).bytes()));
    }
    TracePoint last = order.stage(order.stages() - 1).getLast();
    return statement(given.root(), root(table.of(last)));
  }

  HopStatement statement(Hash32 given, Hash32 outputs) {
    return new HopStatement(
        new SessionId(1, 2),
        model.id(),
        List.of(),
        range,
        inputs.length(),
        KEY.hash(),
        given,
        outputs,
        range.heads()
            ? Optional.of(
                new HopStatement.Sampled(
                    TOKENS, inputs.length(), 1, TOKENS, Hash32.sha256(new byte[] {9})))
            : Optional.empty(),
        Optional.empty());
  }

  Hash32 root(byte[][] rows) {
    MerkleTree tree = new MerkleTree();
    for (int p = 0; p < rows.length; p++) {
      tree.add(KEY.hiddenLeaf(p, Hash32.sha256(rows[p]).bytes()));
    }
    return tree.root();
  }

  Dispute dispute(Party accuser, Party accused) {
    return new Dispute(accuser.signed, accused.signed, KEY, model, Identity::verify);
  }

  FraudProofCheck withModel() {
    return new FraudProofCheck(
        Identity::verify, id -> Optional.of(model).filter(at -> at.id().equals(id)), 2);
  }

  static FraudProofCheck withoutModel() {
    return new FraudProofCheck(Identity::verify, _ -> Optional.empty(), 1);
  }

  @Override
  public void close() {
    file.close();
  }

  /** The same row with one bit turned. */
  static byte[] flip(byte[] row, int bit) {
    byte[] flipped = row.clone();
    flipped[bit / 8 % row.length] ^= (byte) (1 << (bit % 8));
    return flipped;
  }
}
