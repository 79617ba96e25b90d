package org.folkmoot.serve;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Executor;
import org.folkmoot.base.Bounded;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.base.Hash32;
import org.folkmoot.engine.model.SpanInputs;
import org.folkmoot.peer.PeerNetwork;
import org.folkmoot.peer.Signer;
import org.folkmoot.proof.Prover;
import org.folkmoot.proof.Question;
import org.folkmoot.proof.SignedReply;
import org.folkmoot.proof.TraceProver;
import org.folkmoot.wire.HopStatement;
import org.folkmoot.wire.Message;
import org.folkmoot.wire.PeerId;
import org.folkmoot.wire.SignedStatement;
import org.folkmoot.wire.TraceKey;
import org.jspecify.annotations.Nullable;

/**
 * Answers for what this node has signed: keeps the inputs of work for a while, and does it again
 * where somebody disputes it. Who knows the session's key may ask: its client, whoever the client
 * told, and the other hops.
 *
 * <p>Decides on the loop. Computes elsewhere, one question at a time, between the passes that
 * serve.
 */
final class Respondent {
  /** Questions that wait; of one peer only one, for it can ask the next when it has the answer. */
  private static final int MAX_WAITING = 4;

  /**
   * Questions about one statement: two disputes beyond 2,048 positions. Each may take as long as
   * the work did, so a session can cost no more than so many times what it cost already.
   */
  private static final int MAX_QUESTIONS = 12;

  /** Numbers of all inputs that are kept, 128 MiB: 16,000 positions of a model of 2,048. */
  static final long MAX_FLOATS = 1L << 25;

  /** Statements that are kept: those of hops that embed take little else. */
  private static final int MAX_WORKS = 1024;

  /** Audits come within seconds of an answer. */
  private static final long KEEP_NANOS = 600_000_000_000L;

  /** Something that was signed, and what it was about. */
  private record Work(
      SignedStatement signed,
      TraceKey key,
      SpanInputs inputs,
      SpanEngine engine,
      long floats,
      long until) {}

  private record Waiting(
      PeerId from, long number, Hash32 statement, Work work, Question question) {}

  private final PeerNetwork network;
  private final Signer signer;
  private final Executor background;
  private final Map<Hash32, Work> works = new LinkedHashMap<>();
  private final Map<Hash32, Integer> asked = new LinkedHashMap<>();
  private final Map<Hash32, Boolean> disputed = new Bounded<>(MAX_WORKS);
  private final Deque<Waiting> waiting = new ArrayDeque<>();
  private Disputant disputant = (_, _, _, _) -> {};
  private long floats;
  private boolean answering;

  /** What was computed for the latest question: the next one is about the same. */
  private @Nullable TraceProver latest;

  private @Nullable Hash32 latestOf;

  /**
   * Nothing signed yet.
   *
   * @param background runs one task at a time
   */
  Respondent(PeerNetwork network, Signer signer, Executor background) {
    this.network = network;
    this.signer = signer;
    this.background = background;
  }

  /** Who holds disputes from now on. */
  void disputesBy(Disputant whoever) {
    disputant = whoever;
  }

  /** Keeps what a statement is about. The oldest is forgotten where there is no room. */
  void keep(SignedStatement signed, TraceKey key, SpanInputs inputs, SpanEngine engine) {
    long size = inputs instanceof SpanInputs.Hidden(float[] states, int _) ? states.length : 0;
    long now = network.loop().nanoTime();
    Iterator<Work> oldest = works.values().iterator();
    while (oldest.hasNext()) {
      Work work = oldest.next();
      boolean full = floats + size > MAX_FLOATS || works.size() >= MAX_WORKS;
      if (!full && work.until - now > 0) {
        break;
      }
      oldest.remove();
      floats -= work.floats;
    }
    asked.keySet().retainAll(works.keySet());
    if (size <= MAX_FLOATS) {
      Hash32 name = signed.statement().hash();
      Work before = works.put(name, new Work(signed, key, inputs, engine, size, now + KEEP_NANOS));
      floats += size - (before == null ? 0 : before.floats);
    }
  }

  /** An engine is of no use any more. */
  void forget(SpanEngine engine) {
    for (Iterator<Work> each = works.values().iterator(); each.hasNext(); ) {
      Work work = each.next();
      if (work.engine.equals(engine)) {
        floats -= work.floats;
        each.remove();
      }
    }
  }

  /**
   * Somebody tells of another's statement. What it costs to find out who is right, it costs once.
   */
  void differs(Message.Differs message) {
    HopStatement theirs = message.signed().statement();
    for (Work work : List.copyOf(works.values())) {
      HopStatement ours = work.signed.statement();
      if (work.key.equals(message.key())
          && ours.isAboutSameWork(theirs)
          && !ours.outputs().equals(theirs.outputs())
          && !message.signed().hop().equals(signer.peerId())) {
        if (disputed.put(ours.hash(), true) == null) {
          disputant.dispute(work.signed, proverOf(work), message.signed(), message.key());
        }
        return;
      }
    }
  }

  /** One that is made when it is first asked. */
  private Prover proverOf(Work work) {
    return new Prover() {
      private boolean isMade;
      private Optional<TraceProver> made = Optional.empty();

      @Override
      public Optional<SignedReply> answer(Question question) {
        if (!isMade) {
          made = make(work);
          isMade = true;
        }
        return made.flatMap(prover -> prover.answer(question));
      }
    };
  }

  /** Somebody asks. */
  void asked(PeerId from, Message.Question message) {
    Work work = works.get(message.statement());
    if (work == null || !work.key.equals(message.key())) {
      refuse(from, message.number(), Message.Reason.NO_SESSION);
      return;
    }
    Question question;
    try {
      question = Question.parse(message.question());
    } catch (FolkmootException malformed) {
      refuse(from, message.number(), Message.Reason.MALFORMED);
      return;
    }
    if (waiting.size() >= MAX_WAITING
        || waiting.stream().anyMatch(other -> other.from.equals(from))) {
      refuse(from, message.number(), Message.Reason.BUSY);
    } else if (asked.merge(message.statement(), 1, Integer::sum) > MAX_QUESTIONS) {
      refuse(from, message.number(), Message.Reason.LIMIT);
    } else {
      waiting.add(new Waiting(from, message.number(), message.statement(), work, question));
      answerNext();
    }
  }

  private void refuse(PeerId to, long number, Message.Reason why) {
    network.send(to, new Message.NoAnswer(number, why));
  }

  private void answerNext() {
    Waiting next = waiting.peek();
    if (answering || next == null) {
      return;
    }
    answering = true;
    background.execute(() -> {
      Optional<SignedReply> reply = Optional.empty();
      try {
        reply = prover(next).flatMap(prover -> prover.answer(next.question));
      } catch (FolkmootException | IllegalStateException cannot) {
        // No memory, or the layers are withdrawn in this moment: then there is no answer.
      } finally {
        // Also after a defect of ours: the next one is not to wait for ever.
        Optional<SignedReply> came = reply;
        network.loop().execute(() -> answered(next, came));
      }
    });
  }

  private void answered(Waiting to, Optional<SignedReply> reply) {
    answering = false;
    waiting.remove(to);
    reply.ifPresentOrElse(
        signed -> network.send(to.from, new Message.Answer(to.number, signed.toBytes())),
        () -> refuse(to.from, to.number, Message.Reason.FAILED));
    answerNext();
  }

  /** In the background only. */
  private Optional<TraceProver> prover(Waiting asked) {
    if (latestOf == null || !asked.statement.equals(latestOf)) {
      latest = null;
      latestOf = asked.statement;
      latest = make(asked.work).orElse(null);
    }
    return Optional.ofNullable(latest);
  }

  private Optional<TraceProver> make(Work work) {
    return work.engine
        .trace(work.signed.statement().range(), work.inputs)
        .map(trace ->
            new TraceProver(
                work.signed, work.key, trace.order(), work.inputs, trace.computation(), signer));
  }
}
