package org.folkmoot.cli.swarm;

import java.security.SecureRandom;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.folkmoot.base.SerialLoop;
import org.folkmoot.peer.Identity;
import org.folkmoot.peer.LinkSettings;
import org.folkmoot.peer.Links;
import org.folkmoot.peer.PeerNetwork;
import org.folkmoot.peer.transport.TlsTransport;
import org.folkmoot.peer.transport.TransportLimits;
import org.folkmoot.serve.SpanEngine;
import org.folkmoot.wire.LayerRange;
import org.folkmoot.wire.Message;
import org.folkmoot.wire.ModelId;
import org.folkmoot.wire.PeerId;
import org.folkmoot.wire.SessionId;

/**
 * A node's request to itself, through its own socket as a stranger would come: only a node that has
 * answered one says that it is ready. Its hidden states have come back then, or, of a span with the
 * head, a token that it chose. Measures its speed on the way.
 */
final class SelfRequest {
  /** A cold machine under load computes its first steps within that. */
  static final Duration PATIENCE = Duration.ofSeconds(60);

  private static final Duration AGAIN = Duration.ofMillis(500);

  /**
   * Steps that warm the machine up; behind the last one a token is chosen. As many as a hop reports
   * at once, so nobody waits for a report.
   */
  private static final int WARMING = 8;

  /** Steps that are measured behind these, without logits: the head's time is no layer's. */
  private static final int MEASURED = 8;

  private static final int STEPS = WARMING + MEASURED;

  private final SwarmNode node;
  private final ModelId model;
  private final LayerRange range;
  private final int dim;
  private final Duration patience;

  SelfRequest(SwarmNode node, ModelId model, SpanEngine engine, Duration patience) {
    this.node = node;
    this.patience = patience;
    this.model = model;
    this.range = engine.range();
    this.dim = engine.dim();
  }

  /** Asks; gives the layers per second. */
  double run() {
    SecureRandom random = new SecureRandom();
    Identity stranger = Identity.random(random);
    SwarmNode.Settings settings = node.settings();
    try (SerialLoop loop =
            new SerialLoop("folkmoot-self", settings.nanos(), settings.clock(), settings.crash());
        Links links =
            new Links(
                loop,
                stranger.peerId(),
                settings.swarm().swarm(),
                settings.software(),
                LinkSettings.USUAL)) {
      links.add(TlsTransport.dialling(stranger, TransportLimits.DEFAULT));
      Asking asking = new Asking(links, new SessionId(random.nextLong(), random.nextLong()));
      loop.execute(asking::begin);
      try {
        return asking.done.get(patience.toMillis(), TimeUnit.MILLISECONDS);
      } finally {
        new LoopCalls(loop).run(links::leave);
      }
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      throw ServedSpan.notAnswering("interrupted");
    } catch (TimeoutException late) {
      throw ServedSpan.notAnswering("no answer within %d s".formatted(patience.toSeconds()));
    } catch (ExecutionException failed) {
      throw ServedSpan.notAnswering(String.valueOf(failed.getMessage()));
    }
  }

  private final class Asking implements PeerNetwork.Listener {
    private final Links links;
    private final SessionId session;
    private final CompletableFuture<Double> done = new CompletableFuture<>();
    private int epoch;
    private int reported;
    private double micros;

    /** Whether a token came, or the last outputs. */
    private boolean answered;

    Asking(Links links, SessionId session) {
      this.links = links;
      this.session = session;
    }

    void begin() {
      links.listen(this);
      links.know(node.self(), List.of(node.ownAddress()));
      open();
    }

    /** An epoch for each attempt, as those before may have come through. */
    private void open() {
      if (done.isDone()) {
        return;
      }
      epoch++;
      reported = 0;
      micros = 0;
      answered = false;
      // Outputs of a span without a head go on to somebody: to the asker.
      Optional<Message.Contact> next =
          range.heads()
              ? Optional.empty()
              : Optional.of(new Message.Contact(links.self(), List.of()));
      Optional<Message.Sampling> sampling =
          range.heads()
              ? Optional.of(
                  new Message.Sampling(0, 0, 1, 0, 1, 0, 0, Map.of(), new int[WARMING], -1))
              : Optional.empty();
      links.send(
          node.self(),
          new Message.Open(
              session, epoch, model, range, STEPS + 1, links.self(), next, 0, sampling));
    }

    @Override
    public void received(PeerId from, Message message) {
      switch (message) {
        case Message.Opened opened when opened.epoch() == epoch -> sendSteps();
        case Message.Computed report when report.epoch() == epoch -> computed(report);
        case Message.Sampled sampled when sampled.epoch() == epoch -> answered();
        case Message.Forward outputs when outputs.epoch() == epoch -> {
          if (outputs.position() + outputs.tokens() == STEPS) {
            answered();
          }
        }
        case Message.Refused refusal when refusal.epoch() == epoch ->
            done.completeExceptionally(new IllegalStateException(refusal.text()));
        default -> {} // of an attempt before
      }
    }

    private void sendSteps() {
      float[] hidden = new float[range.embeds() ? 0 : dim];
      for (int i = 0; i < hidden.length; i++) {
        hidden[i] = ((i * 37) % 101 - 50) / 50f;
      }
      int[] ids = range.embeds() ? new int[] {0} : new int[0];
      for (int step = 0; step < STEPS; step++) {
        int wantFrom = step < WARMING ? WARMING - 1 : STEPS;
        links.send(
            node.self(), new Message.Forward(session, epoch, step, 1, wantFrom, ids, hidden));
      }
    }

    private void computed(Message.Computed report) {
      int end = report.position() + report.tokens();
      double share = (double) Math.clamp(end - WARMING, 0, report.tokens()) / report.tokens();
      micros += share * Math.max(1, report.computeMicros());
      reported += report.tokens();
      finish();
    }

    private void answered() {
      answered = true;
      finish();
    }

    private void finish() {
      if (answered && reported == STEPS) {
        links.send(node.self(), new Message.Close(session));
        done.complete(range.layers() * 1e6 * MEASURED / micros);
      }
    }

    @Override
    public void lost(PeerId peer, Message.Reason reason) {
      // A machine that is busy, or cold, may take longer than any peer would wait.
      links.loop().after(AGAIN.toNanos(), this::open);
    }
  }
}
