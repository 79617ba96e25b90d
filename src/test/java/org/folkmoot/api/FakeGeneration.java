package org.folkmoot.api;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.folkmoot.base.Hash32;
import org.folkmoot.peer.Signer;
import org.folkmoot.proof.Terms;
import org.folkmoot.session.Evidence;
import org.folkmoot.session.Generation;
import org.folkmoot.session.GenerationRequest;
import org.folkmoot.wire.HopStatement;
import org.folkmoot.wire.LayerRange;
import org.folkmoot.wire.ModelId;
import org.folkmoot.wire.SignedStatement;
import org.folkmoot.wire.StepTrail;
import org.folkmoot.wire.TraceKey;
import org.jspecify.annotations.Nullable;

/** An answer of a {@link FakeModel}: holds text back as the contract says. */
final class FakeGeneration implements Generation {
  private final FakeModel model;
  private final GenerationRequest request;
  private final int contextLength;
  private final ByteArrayOutputStream incomplete = new ByteArrayOutputStream();
  private final StringBuilder held = new StringBuilder();
  private final int[] ids;
  private int generated;
  private @Nullable Ending ending;
  private volatile boolean closed;

  FakeGeneration(FakeModel model, GenerationRequest request, int contextLength) {
    this.model = model;
    this.request = request;
    this.contextLength = contextLength;
    ids = new int[Math.max(0, Math.min(request.maxTokens(), contextLength))];
  }

  @Override
  public Optional<Piece> next() {
    if (ending != null) {
      return Optional.empty();
    }
    if (!model.mayPull(() -> closed)) {
      ending = Ending.CANCELLED;
      return Optional.empty();
    }
    int id = model.choose(request, generated);
    ids[generated++] = id;
    incomplete.writeBytes(model.tokenizer().bytes(id));
    boolean end = model.tokenizer().isEnd(id);
    String text = text(end);
    if (ending == null && end) {
      ending = Ending.END_OF_ANSWER;
    }
    boolean full = request.promptIds().length + generated >= contextLength;
    if (ending == null && (generated == request.maxTokens() || full)) {
      ending = Ending.LENGTH;
      text += text(true);
    }
    return Optional.of(new Piece(id, text, logprob(id), top(id)));
  }

  private String text(boolean all) {
    String decoded = incomplete.toString(StandardCharsets.UTF_8);
    if (decoded.indexOf('\ufffd') < 0 || all) {
      held.append(decoded);
      incomplete.reset();
    }
    for (String stop : request.stops()) {
      int at = held.indexOf(stop);
      if (at >= 0) {
        ending = Ending.STOP_STRING;
        held.setLength(at);
        return take(at);
      }
    }
    return take(all ? held.length() : certain());
  }

  /** How much of the held text can no longer become a stop string. */
  private int certain() {
    for (int at = 0; at < held.length(); at++) {
      String rest = held.substring(at);
      if (request.stops().stream().anyMatch(stop -> stop.startsWith(rest))) {
        return at;
      }
    }
    return held.length();
  }

  private String take(int length) {
    String text = held.substring(0, length);
    held.delete(0, length);
    return text;
  }

  private float logprob(int id) {
    return request.topLogprobs() < 0 ? Float.NaN : -0.25f - id / 1000f;
  }

  private List<Alternative> top(int id) {
    List<Alternative> top = new ArrayList<>();
    for (int i = 0; i < request.topLogprobs(); i++) {
      int other = (id + i) % model.tokenizer().size();
      top.add(new Alternative(other, i == 19 ? Float.NEGATIVE_INFINITY : logprob(id) - i));
    }
    return top;
  }

  /** What somebody would sign who computed this. */
  @Override
  public Optional<Evidence> evidence(Signer self) {
    TraceKey key = request.trace().orElseThrow();
    int prompt = request.promptIds().length;
    int[] all = Arrays.copyOf(request.promptIds(), prompt + generated);
    System.arraycopy(ids, 0, all, prompt, generated);
    StepTrail inputs = new StepTrail();
    inputs.addIds(0, request.promptIds());
    inputs.addIds(prompt, Arrays.copyOf(ids, generated - 1));
    int length = prompt + generated - 1;
    Terms terms =
        new Terms(
            request.session().orElseThrow(),
            new ModelId(Hash32.ofHex(model.digest())),
            List.of(),
            Optional.empty(),
            Optional.empty(),
            request.sampler(),
            List.of());
    HopStatement statement =
        new HopStatement(
            terms.session(),
            terms.model(),
            List.of(),
            LayerRange.whole(30),
            length,
            key.hash(),
            inputs.root(key, length),
            inputs.root(key, length),
            Optional.of(
                new HopStatement.Sampled(
                    terms.samplingHash(),
                    prompt,
                    generated,
                    key.tokensRoot(all, 0, prompt),
                    key.tokensRoot(all, prompt, all.length))),
            Optional.empty());
    return model.signs()
        ? Optional.of(
            new Evidence(
                List.of(
                    new SignedStatement(
                        self.peerId(), statement, self.sign(statement.signedBytes()))),
                List.of()))
        : Optional.empty();
  }

  @Override
  public Optional<Ending> ending() {
    return Optional.ofNullable(ending);
  }

  @Override
  public Usage usage() {
    return new Usage(request.promptIds().length, generated, 0, 0);
  }

  @Override
  public void close() {
    model.close(this);
  }

  /** Marks it closed, under the model's lock; false if it was. */
  boolean markClosed() {
    boolean first = !closed;
    closed = true;
    return first;
  }
}
