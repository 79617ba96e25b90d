package org.folkmoot.api;

import io.helidon.webserver.CloseConnectionException;
import java.util.List;
import java.util.Optional;
import org.folkmoot.api.Cancellation.CancelledException;
import org.folkmoot.api.Cancellation.Reason;
import org.folkmoot.api.http.ClientConnection;
import org.folkmoot.api.openai.AnswerOptions;
import org.folkmoot.api.openai.AnswerWriter;
import org.folkmoot.api.openai.AnswerWriter.FinishReason;
import org.folkmoot.api.openai.AnswerWriter.Head;
import org.folkmoot.api.openai.AnswerWriter.Tokens;
import org.folkmoot.api.openai.ApiException;
import org.folkmoot.api.openai.ChatRequest;
import org.folkmoot.api.openai.ChatWriter;
import org.folkmoot.api.openai.CompletionRequest;
import org.folkmoot.api.openai.CompletionWriter;
import org.folkmoot.api.openai.Provenance.Proven;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.base.Hash32;
import org.folkmoot.session.LanguageModel;

/** {@code POST /v1/chat/completions} and {@code POST /v1/completions}. */
final class AnswerEndpoint {
  private static final Proven REFUSED =
      new Proven(Optional.empty(), "the operator's policy refused this: nothing was computed");

  private final Service service;

  AnswerEndpoint(Service service) {
    this.service = service;
  }

  /** A chat. */
  void chat(Exchange exchange, String client, long arrivedNanos) {
    ChatRequest request = exchange.body(ChatRequest::parse);
    try (ModelProvider.Lease lease = service.models().open(request.options().model())) {
      LanguageModel model = lease.model();
      AnswerPlan plan = AnswerPlan.of(request, model, service.environment());
      AnswerWriter writer = new ChatWriter(head("chatcmpl-", request.options(), model));
      answer(exchange, new Caller(client, arrivedNanos, new Cancellation()), model, plan, writer);
    }
  }

  /** Text or ids, continued. */
  void completion(Exchange exchange, String client, long arrivedNanos) {
    CompletionRequest request = exchange.body(CompletionRequest::parse);
    try (ModelProvider.Lease lease = service.models().open(request.options().model())) {
      LanguageModel model = lease.model();
      AnswerPlan plan = AnswerPlan.of(request, model, service.environment());
      AnswerWriter writer = new CompletionWriter(head("cmpl-", request.options(), model));
      answer(exchange, new Caller(client, arrivedNanos, new Cancellation()), model, plan, writer);
    }
  }

  private Head head(String prefix, AnswerOptions options, LanguageModel model) {
    ApiEnvironment environment = service.environment();
    String id = prefix + String.format("%016x", environment.random().getAsLong());
    long created = environment.clock().instant().getEpochSecond();
    return new Head(id, created, options.model(), model.digest(), options.includeUsage());
  }

  private void answer(
      Exchange exchange, Caller caller, LanguageModel model, AnswerPlan plan, AnswerWriter writer) {
    Cancellation cancellation = caller.cancellation();
    try (var _ = service.answers().enter(cancellation);
        var _ = ClientConnection.current().watch(() -> cancellation.cancel(Reason.CLIENT_GONE))) {
      tell(exchange, caller, model, plan, writer);
    } catch (CloseConnectionException e) {
      service.metrics().clientGone();
      throw e;
    }
  }

  /** What is refused is told here: as long as somebody is to be told, a server does not stop. */
  private void tell(
      Exchange exchange, Caller caller, LanguageModel model, AnswerPlan plan, AnswerWriter writer) {
    try {
      if (plan.stream()) {
        stream(exchange, caller, model, plan, writer);
      } else {
        whole(exchange, caller, model, plan, writer);
      }
    } catch (ApiException | FolkmootException | CancelledException refused) {
      ApiException error = refusal(refused, caller);
      Faults.log(error);
      exchange.sendError(error);
    }
  }

  private Answering.Counts answer(
      Caller caller, LanguageModel model, AnswerPlan plan, AnswerSink sink) {
    if (plan.refusal().isEmpty()) {
      List<Hash32> policies = plan.policy().map(touch -> touch.policy()).stream().toList();
      return new Answering(service, caller, model, policies, sink).run(plan.jobs());
    }
    for (Answering.Job job : plan.jobs()) {
      sink.begin(job.choice());
      sink.piece(
          job.choice(),
          plan.refusal().get(),
          plan.logprobs() ? Optional.of(List.of()) : Optional.empty());
      sink.end(job.choice(), FinishReason.CONTENT_FILTER, REFUSED);
    }
    return new Answering.Counts(0, 0);
  }

  private void whole(
      Exchange exchange, Caller caller, LanguageModel model, AnswerPlan plan, AnswerWriter writer) {
    WholeSink sink = new WholeSink(plan.jobs().size(), plan.logprobs());
    Answering.Counts counts = answer(caller, model, plan, sink);
    Tokens tokens = new Tokens(plan.promptTokens(), counts.cached(), counts.generated());
    exchange.sendJson(200, writer.whole(sink.answers(), tokens, plan.provenance(sink.proven())));
  }

  private void stream(
      Exchange exchange, Caller caller, LanguageModel model, AnswerPlan plan, AnswerWriter writer) {
    StreamSink sink = new StreamSink(exchange, writer, plan);
    try {
      Answering.Counts counts = answer(caller, model, plan, sink);
      sink.done(new Tokens(plan.promptTokens(), counts.cached(), counts.generated()));
    } catch (CloseConnectionException e) {
      throw e;
    } catch (RuntimeException e) {
      ApiException error = refusal(e, caller);
      if (!sink.hasBegun()) {
        throw error;
      }
      sink.fail(error);
      Faults.log(error);
    }
  }

  private static ApiException refusal(RuntimeException fault, Caller caller) {
    return switch (fault) {
      case ApiException refused -> refused;
      case FolkmootException known -> ApiException.of(known);
      case CancelledException cancelled -> cancelled(caller);
      default -> ApiException.internal(fault);
    };
  }

  /** What to say of a cancelled request, if there is still somebody to say it to. */
  private static ApiException cancelled(Caller caller) {
    return switch (caller.cancellation().reason()) {
      case CLIENT_GONE -> throw new CloseConnectionException("the client is gone");
      case STOPPING -> ActiveAnswers.stopping();
      // Of the failing parts, the first is thrown, and it is never the one that was cancelled.
      case FAILED -> throw new IllegalStateException("cancelled by a failure that nobody saw");
      // A thread that waited was interrupted: only a stopping server does that.
      case null -> ActiveAnswers.stopping();
    };
  }
}
