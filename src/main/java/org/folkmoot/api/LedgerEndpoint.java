package org.folkmoot.api;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.helidon.http.HeaderNames;
import java.util.Optional;
import org.folkmoot.api.openai.ApiException;
import org.folkmoot.ledger.FeedPages;
import org.folkmoot.ledger.Witness;

/**
 * The ledger's feeds as static pages (C2SP tlog-tiles), and the node as a witness (C2SP
 * tlog-witness). Both are for everybody: they say nothing that is not public, and what they take is
 * checked by its signature.
 */
final class LedgerEndpoint {
  private static final String TEXT = "text/plain; charset=utf-8";
  private static final String BYTES = "application/octet-stream";

  private final Optional<LedgerPages> ledger;

  LedgerEndpoint(Optional<LedgerPages> ledger) {
    this.ledger = ledger;
  }

  void page(Exchange exchange, String path) {
    FeedPages.Page page = pages().page(path).orElseThrow(LedgerEndpoint::nothing);
    exchange.set(
        HeaderNames.CACHE_CONTROL,
        page.lasting() ? "public, max-age=31536000, immutable" : "no-cache");
    exchange.send(200, page.text() ? TEXT : BYTES, page.bytes());
  }

  void addCheckpoint(Exchange exchange) {
    Witness.Answer answer = exchange.body(pages()::addCheckpoint);
    exchange.send(answer.status(), answer.type(), answer.body().getBytes(UTF_8));
  }

  private LedgerPages pages() {
    return ledger.orElseThrow(LedgerEndpoint::nothing);
  }

  private static ApiException nothing() {
    return ApiException.refused(404, "no_page", "this node has no such page of the ledger");
  }
}
