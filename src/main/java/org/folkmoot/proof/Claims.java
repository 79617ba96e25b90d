package org.folkmoot.proof;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.folkmoot.base.Hash32;
import org.folkmoot.base.MerkleTree;
import org.folkmoot.engine.model.ModelConfig;
import org.folkmoot.engine.model.Span;
import org.folkmoot.engine.model.TraceOrder;
import org.folkmoot.engine.model.TracePoint;
import org.folkmoot.wire.HopStatement;
import org.folkmoot.wire.LayerRange;
import org.folkmoot.wire.TraceKey;

/**
 * What one peer has signed so far in a dispute: its statement and replies, each of which must fit
 * those before. An honest peer's always do.
 */
final class Claims {
  /** Whether a reply fits what was signed before. */
  enum Fit {
    /** It does. */
    FITS,
    /** It does not: the signer contradicts itself. */
    CONTRADICTS,
    /** That cannot be told. */
    UNKNOWN
  }

  /**
   * What came of looking at a reply.
   *
   * @param line says why, for people
   */
  record Verdict(Fit fit, String line) {}

  private static final Verdict FITS = new Verdict(Fit.FITS, "it fits");

  private final HopStatement statement;
  private final TraceKey key;
  private final Optional<TraceOrder> order;
  private final Map<Question, Reply> replies = new HashMap<>();

  /**
   * The claims of a statement.
   *
   * @param config the model's, if it is at hand; the statement's range is within it
   */
  Claims(HopStatement statement, TraceKey key, Optional<ModelConfig> config) {
    this.statement = statement;
    this.key = key;
    this.order = config.map(known -> new TraceOrder(known, span(statement.range())));
  }

  static Span span(LayerRange range) {
    return new Span(range.embeds(), range.from(), range.to(), range.heads());
  }

  /** Stages of a range: each layer, and the embedding. */
  static int stages(LayerRange range) {
    return range.layers() + (range.embeds() ? 1 : 0);
  }

  /** Whether the statement alone can be true. */
  Verdict start() {
    return stages(statement.range()) == 0 && !statement.inputs().equals(statement.outputs())
        ? contradicts("a span without layers gives out what it was given")
        : FITS;
  }

  /** Takes a reply that the peer has signed. Only what fits is remembered. */
  Verdict take(Question question, Reply reply) {
    Reply before = replies.get(question);
    if (before != null) {
      return before.equals(reply) ? FITS : contradicts("two answers to one question");
    }
    Verdict finding =
        switch (reply) {
          case Reply.Opened opened ->
              question instanceof Question.Inputs inputs
                  ? opened(inputs, opened.sources())
                  : contradicts("rows where hashes were asked for");
          case Reply.Hashes(List<Hash32> hashes) -> hashes(question, hashes);
        };
    if (finding.fit == Fit.FITS) {
      replies.put(question, reply);
    }
    return finding;
  }

  private Verdict hashes(Question question, List<Hash32> hashes) {
    return switch (question) {
      case Question.Stages() ->
          ending(hashes, Optional.of(stages(statement.range())), Optional.of(statement.outputs()));
      case Question.Operators(int stage) ->
          stage < stages(statement.range())
              ? ending(hashes, order.map(known -> known.stage(stage).size()), stageRoot(stage))
              : unknown("there is no such stage");
      case Question.Groups(int stage, int operator) -> groups(stage, operator, hashes);
      case Question.Positions positions -> positions(positions, hashes);
      case Question.Inputs _ -> contradicts("hashes where rows were asked for");
    };
  }

  /** The last of some roots is one that was signed before. */
  private static Verdict ending(
      List<Hash32> hashes, Optional<Integer> count, Optional<Hash32> last) {
    if (last.isEmpty()) {
      return unknown("an answer before it is missing");
    }
    if (hashes.isEmpty() || (count.isPresent() && hashes.size() != count.get())) {
      return contradicts("an answer has the wrong number of hashes");
    }
    return hashes.getLast().equals(last.get())
        ? FITS
        : contradicts("the parts of a whole do not end with what was signed as its end");
  }

  private Verdict groups(int stage, int operator, List<Hash32> hashes) {
    Optional<Hash32> root = operatorRoot(stage, operator);
    if (root.isEmpty()) {
      return unknown("an answer before it is missing");
    }
    return hashes.size() == Question.groups(statement.length())
            && MerkleRange.fold(hashes).equals(root.get())
        ? FITS
        : contradicts("the groups of positions do not hash to the operator's root");
  }

  private Verdict positions(Question.Positions question, List<Hash32> hashes) {
    int first = question.group() * Question.GROUP;
    Optional<Hash32> root = groupRoot(question.stage(), question.operator(), question.group());
    if (root.isEmpty()) {
      return unknown("an answer before it is missing");
    }
    if (hashes.size() != Math.min(Question.GROUP, statement.length() - first)) {
      return contradicts("an answer has the wrong number of hashes");
    }
    MerkleTree tree = new MerkleTree();
    for (int i = 0; i < hashes.size(); i++) {
      tree.add(key.hiddenLeaf(first + i, hashes.get(i).bytes()));
    }
    return tree.root().equals(root.get())
        ? FITS
        : contradicts("the positions' hashes do not hash to what was signed for them");
  }

  /** Whether rows are the inputs of an operator at a position, by what was signed. */
  Verdict opened(Question.Inputs question, List<Reply.Source> opened) {
    if (order.isEmpty()) {
      return unknown("the model's shape is needed");
    }
    Optional<TracePoint> point = point(question.stage(), question.operator());
    if (point.isEmpty() || question.position() >= statement.length()) {
      return unknown("there is no such operator");
    }
    List<TraceOrder.Source> sources = order.get().sources(point.get());
    if (sources.size() != opened.size()) {
      return contradicts("an answer opens the wrong number of inputs");
    }
    for (int i = 0; i < opened.size(); i++) {
      Verdict finding = opened(sources.get(i), question.position(), opened.get(i));
      if (finding.fit != Fit.FITS) {
        return finding;
      }
    }
    return FITS;
  }

  private Verdict opened(TraceOrder.Source source, int position, Reply.Source opened) {
    Optional<Hash32> root = sourceRoot(source);
    if (root.isEmpty()) {
      return unknown("an answer before it is missing");
    }
    int from = source.wholePast() ? 0 : position;
    int rowBytes = order.orElseThrow().rowBytes(source);
    if (opened.rows().length != (long) (position + 1 - from) * rowBytes) {
      return contradicts("an input that was opened has the wrong length");
    }
    List<byte[]> leaves = new ArrayList<>();
    for (byte[] row : rows(opened, rowBytes)) {
      leaves.add(key.hiddenLeaf(from + leaves.size(), Hash32.sha256(row).bytes()));
    }
    return MerkleRange.root(statement.length(), from, leaves, opened.beside()).equals(root)
        ? FITS
        : contradicts("an input that was opened does not hash to what was signed");
  }

  /** The rows that were opened, for the operator to be computed from. Call it where they fit. */
  List<List<byte[]>> rows(TracePoint point, List<Reply.Source> opened) {
    List<TraceOrder.Source> sources = order.orElseThrow().sources(point);
    List<List<byte[]>> rows = new ArrayList<>();
    for (int i = 0; i < sources.size(); i++) {
      rows.add(rows(opened.get(i), order.orElseThrow().rowBytes(sources.get(i))));
    }
    return rows;
  }

  private static List<byte[]> rows(Reply.Source opened, int rowBytes) {
    List<byte[]> rows = new ArrayList<>();
    for (int at = 0; at < opened.rows().length; at += rowBytes) {
      rows.add(Arrays.copyOfRange(opened.rows(), at, at + rowBytes));
    }
    return rows;
  }

  // ---- what is known by now

  List<Hash32> known(Question question) {
    return replies.get(question) instanceof Reply.Hashes(List<Hash32> hashes) ? hashes : List.of();
  }

  private static Optional<Hash32> at(List<Hash32> hashes, int index) {
    return index < hashes.size() ? Optional.of(hashes.get(index)) : Optional.empty();
  }

  private Optional<Hash32> stageRoot(int stage) {
    return at(known(new Question.Stages()), stage);
  }

  private boolean isEmbedding(int stage) {
    return stage == 0 && statement.range().embeds();
  }

  private Optional<Hash32> operatorRoot(int stage, int operator) {
    if (isEmbedding(stage)) {
      return operator == 0 ? stageRoot(stage) : Optional.empty();
    }
    return at(known(new Question.Operators(stage)), operator);
  }

  private Optional<Hash32> groupRoot(int stage, int operator, int group) {
    int groups = Question.groups(statement.length());
    if (group >= groups) {
      return Optional.empty();
    }
    return groups == 1
        ? operatorRoot(stage, operator)
        : at(known(new Question.Groups(stage, operator)), group);
  }

  private Optional<Hash32> sourceRoot(TraceOrder.Source source) {
    if (source.point().isEmpty()) {
      return Optional.of(statement.inputs());
    }
    TracePoint point = source.point().get();
    int stage = order.orElseThrow().stageOf(point);
    int operator = order.orElseThrow().stage(stage).indexOf(point);
    boolean leaves = operator == order.orElseThrow().stage(stage).size() - 1;
    return leaves ? stageRoot(stage) : operatorRoot(stage, operator);
  }

  /** The operator of a number, if there is one. */
  Optional<TracePoint> point(int stage, int operator) {
    return order
        .filter(known -> stage < known.stages() && operator < known.stage(stage).size())
        .map(known -> known.stage(stage).get(operator));
  }

  /** The hash of an operator's row at a position, if it was signed. */
  Optional<Hash32> rowHash(int stage, int operator, int position) {
    Question group = new Question.Positions(stage, operator, position / Question.GROUP);
    return at(known(group), position % Question.GROUP);
  }

  private static Verdict contradicts(String line) {
    return new Verdict(Fit.CONTRADICTS, line);
  }

  private static Verdict unknown(String line) {
    return new Verdict(Fit.UNKNOWN, line);
  }
}
