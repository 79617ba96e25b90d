package org.folkmoot.api.openai;

import java.util.OptionalInt;
import org.folkmoot.base.FolkmootException;
import org.jspecify.annotations.Nullable;

/**
 * A refusal, as OpenAI's clients understand it: an HTTP status and an error object with {@code
 * message}, {@code type}, {@code param} and {@code code}. The message is for the caller and never
 * repeats what the request held beyond names of fields and models.
 */
public final class ApiException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** Long enough for one short answer to end, short enough not to bore a waiting person. */
  private static final int RETRY_SECONDS = 2;

  private final int status;
  private final String type;
  private final @Nullable String param;
  private final @Nullable String code;

  private ApiException(
      int status,
      String type,
      @Nullable String param,
      @Nullable String code,
      String message,
      @Nullable Throwable cause) {
    super(message, cause);
    this.status = status;
    this.type = type;
    this.param = param;
    this.code = code;
  }

  /** 400: the field {@code param} cannot be what it is. */
  public static ApiException invalid(@Nullable String param, String message) {
    return invalid(param, "invalid_value", message);
  }

  /** 400 with a code that programs tell apart. */
  public static ApiException invalid(@Nullable String param, String code, String message) {
    return of(400, "invalid_request_error", param, code, message);
  }

  /** 400: OpenAI has this, we do not; said instead of ignored. */
  public static ApiException unsupported(String param, String message) {
    return invalid(param, "unsupported_parameter", message);
  }

  /** Any other refusal of the request itself: 401, 403, 404, 405, 413. */
  public static ApiException refused(int status, String code, String message) {
    return of(status, "invalid_request_error", null, code, message);
  }

  /** 429: too much at one time; the same request may work later. */
  public static ApiException busy(String message) {
    return of(429, "rate_limit_error", null, "rate_limit_exceeded", message);
  }

  /** 503: not now, for a reason of ours. */
  public static ApiException unavailable(String code, String message) {
    return of(503, "server_error", null, code, message);
  }

  /** 500 with nothing of our inside; the cause is for the log. */
  public static ApiException internal(Throwable cause) {
    String message = "the server failed on this request; its log says more";
    return new ApiException(500, "server_error", null, "internal_error", message, cause);
  }

  /** What a fault of the layers below means to a client. */
  public static ApiException of(FolkmootException fault) {
    return switch (fault.code()) {
      case BAD_REQUEST -> invalid(null, oneLine(fault));
      case NOT_FOUND ->
          of(404, "invalid_request_error", "model", "model_not_found", oneLine(fault));
      case BUSY -> busy(oneLine(fault));
      case NO_ROOM ->
          unavailable("no_room", "the server has no memory or disk left for this: try later");
      case UNREACHABLE -> unavailable("peers_unreachable", oneLine(fault));
      // Of peers that differ, or of this machine: either way no answer is to be trusted.
      case ARITHMETIC ->
          new ApiException(502, "server_error", null, "wrong_result", oneLine(fault), fault);
      // Their messages may name files of this machine.
      case BAD_FILE, UNSUPPORTED, WRONG_HASH, WRONG_CHAIN, NOT_FINAL, NO_FUNDS -> internal(fault);
    };
  }

  private static ApiException of(
      int status, String type, @Nullable String param, @Nullable String code, String message) {
    return new ApiException(status, type, param, code, message, null);
  }

  private static String oneLine(FolkmootException fault) {
    String message = fault.getMessage();
    return message == null ? fault.code().name() : message.replaceAll("\\s+", " ");
  }

  /** The HTTP status. */
  public int status() {
    return status;
  }

  /** OpenAI's class of error. */
  public String type() {
    return type;
  }

  /** The field at fault, as a path into the request. */
  public @Nullable String param() {
    return param;
  }

  /** What programs switch on. */
  public @Nullable String code() {
    return code;
  }

  /** Seconds after which to try again, where that makes sense. */
  public OptionalInt retrySeconds() {
    return status == 429 || status == 503 ? OptionalInt.of(RETRY_SECONDS) : OptionalInt.empty();
  }
}
