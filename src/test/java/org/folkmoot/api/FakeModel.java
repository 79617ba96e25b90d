package org.folkmoot.api;

import static org.folkmoot.base.FolkmootException.Code.BUSY;

import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.engine.template.ChatMessage;
import org.folkmoot.engine.tokenizer.Tokenizer;
import org.folkmoot.session.Generation;
import org.folkmoot.session.GenerationRequest;
import org.folkmoot.session.LanguageModel;
import org.jspecify.annotations.Nullable;

/**
 * A model whose answers follow from prompt, seed and position alone. A test can give it a script,
 * let it make each token only on demand, and see which sessions are open.
 */
final class FakeModel implements LanguageModel {
  static final String DIGEST = "0123456789abcdef".repeat(4);

  /** Long enough for any loaded machine; a passing test never waits for it. */
  private static final long PATIENCE_SECONDS = 60;

  private final String name;
  private final int contextLength;
  private final FakeTokenizer tokenizer = new FakeTokenizer();
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();

  private int maxSessions = Integer.MAX_VALUE;
  private int open;
  private int started;
  private int waiting;
  private boolean gated;
  private boolean signs = true;
  private boolean others;
  private List<String> chatStops = List.of();
  private int permits;
  private int[] script = {};
  private @Nullable RuntimeException failure;

  FakeModel(String name, int contextLength) {
    this.name = name;
    this.contextLength = contextLength;
  }

  /** Every answer is these tokens; without an end token they repeat. */
  FakeModel script(int... ids) {
    script = ids.clone();
    return this;
  }

  /** Tokens come only when {@link #allow} says so. */
  FakeModel gated() {
    gated = true;
    return this;
  }

  /** Speaks on for the user unless these stop it. */
  FakeModel chatStops(String... stops) {
    chatStops = List.of(stops);
    return this;
  }

  FakeModel maxSessions(int most) {
    maxSessions = most;
    return this;
  }

  /** Answers as if other peers did. */
  FakeModel ofOthers() {
    others = true;
    return this;
  }

  /** Nobody signs its answers. */
  FakeModel unsigned() {
    signs = false;
    return this;
  }

  boolean signs() {
    return signs;
  }

  @Override
  public boolean asksOthers() {
    return others;
  }

  /** What the second pull throws. */
  FakeModel failing(RuntimeException fault) {
    failure = fault;
    return this;
  }

  void allow(int tokens) {
    change(() -> permits += tokens);
  }

  void awaitOpen(int sessions) {
    await(() -> open == sessions);
  }

  /** Waits until so many pulls wait for a token that is not allowed yet. */
  void awaitWaiting(int pulls) {
    await(() -> waiting == pulls && permits == 0); // those just allowed have gone
  }

  void awaitStarted(int sessions) {
    await(() -> started >= sessions);
  }

  int open() {
    lock.lock();
    try {
      return open;
    } finally {
      lock.unlock();
    }
  }

  private void await(BooleanSupplier condition) {
    lock.lock();
    try {
      long left = TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
      while (!condition.getAsBoolean()) {
        if (left <= 0) {
          throw new AssertionError("open " + open + ", waiting " + waiting);
        }
        left = changed.awaitNanos(left);
      }
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    } finally {
      lock.unlock();
    }
  }

  private void change(Runnable change) {
    lock.lock();
    try {
      change.run();
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public String digest() {
    return DIGEST;
  }

  @Override
  public int contextLength() {
    return contextLength;
  }

  @Override
  public Tokenizer tokenizer() {
    return tokenizer;
  }

  @Override
  public String chatTemplate() {
    return "{{ messages }}";
  }

  @Override
  public String renderChat(List<ChatMessage> messages) {
    StringBuilder text = new StringBuilder();
    for (ChatMessage message : messages) {
      text.append("<|im_start|>").append(message.role()).append('\n');
      text.append(message.content()).append("<|im_end|>\n");
    }
    return text.append("<|im_start|>assistant\n").toString();
  }

  @Override
  public List<String> chatStops() {
    return chatStops;
  }

  @Override
  public int[] chatIds(List<ChatMessage> messages) {
    return tokenizer.encode(renderChat(messages), Tokenizer.Specials.PARSE);
  }

  @Override
  public Generation generate(GenerationRequest request) {
    lock.lock();
    try {
      if (open >= maxSessions) {
        throw new FolkmootException(BUSY, "no room for one more session now");
      }
      open++;
      started++;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
    return new FakeGeneration(this, request, contextLength);
  }

  /** Waits for leave to make a token; false if the session is closed meanwhile. */
  boolean mayPull(BooleanSupplier closed) {
    lock.lock();
    try {
      if (gated) {
        waiting++;
        changed.signalAll();
        while (permits == 0 && !closed.getAsBoolean()) {
          changed.await();
        }
        waiting--;
      }
      if (closed.getAsBoolean()) {
        return false;
      }
      permits--;
      return true;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      waiting--;
      return false;
    } finally {
      lock.unlock();
    }
  }

  void close(FakeGeneration generation) {
    change(() -> {
      if (generation.markClosed()) {
        open--;
      }
    });
  }

  /** The token at a position of an answer. */
  int choose(GenerationRequest request, int position) {
    if (position == 1 && failure != null) {
      throw failure;
    }
    if (script.length > 0) {
      return script[position % script.length];
    }
    for (var bias : request.sampler().logitBias().entrySet()) {
      if (bias.getValue() >= 100) {
        return bias.getKey();
      }
    }
    long seed = request.sampler().temperature() == 0 ? 0 : request.sampler().seed();
    long mixed = mix(seed * 31 + Arrays.hashCode(request.promptIds()) + position * 7919L);
    if (position >= 8 && mixed % 5 == 0) {
      return FakeTokenizer.IM_END;
    }
    int words = tokenizer.size() - FakeTokenizer.FIRST_WORD;
    return FakeTokenizer.FIRST_WORD + (int) Long.remainderUnsigned(mixed, words);
  }

  private static long mix(long z) {
    z = (z ^ (z >>> 30)) * 0xbf58476d1ce4e5b9L;
    z = (z ^ (z >>> 27)) * 0x94d049bb133111ebL;
    return z ^ (z >>> 31);
  }

  @Override
  public void close() {}
}
