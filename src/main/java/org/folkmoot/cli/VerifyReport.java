package org.folkmoot.cli;

import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.folkmoot.base.Hash32;
import org.folkmoot.proof.Commitment;
import org.folkmoot.proof.Finding;
import org.folkmoot.proof.Receipt;
import org.folkmoot.wire.LayerRange;
import org.folkmoot.wire.PeerId;

/**
 * What a check of a receipt found, for people and for programs.
 *
 * @param holds whether everything that was asked for does
 * @param computed whether the answer was computed again
 */
record VerifyReport(
    Receipt receipt, List<Finding> findings, boolean holds, boolean computed, Duration took) {

  /** Whether no part of the computation was left out. */
  static boolean allComputed(List<Finding> findings) {
    return findings.stream()
        .noneMatch(finding ->
            finding.outcome() == Finding.Outcome.NOT_CHECKED
                && (finding.subject() == Finding.Subject.COMPUTATION
                    || finding.subject() == Finding.Subject.SAMPLING));
  }

  void print(Console console) {
    Style style = console.outStyle();
    Commitment commitment = receipt.commitment();
    console
        .out()
        .printf(
            "receipt of an answer by the model %s: %,d tokens of prompt, %,d of answer%n",
            receipt.terms().model(), commitment.promptTokens(), commitment.outputTokens());
    console
        .out()
        .printf(
            "issued %s by %s%n",
            Instant.ofEpochMilli(receipt.issuedMillis()).truncatedTo(ChronoUnit.SECONDS),
            receipt.issuer());
    receipt
        .terms()
        .policies()
        .forEach(policy ->
            console.out().printf("under the policy %s, which the issuer declares%n", policy));
    console.out().println();
    printFindings(console);
    console.out().println();
    Table table = new Table("LAYERS", "PEER", "SAW", "POLICY");
    for (Receipt.Hop hop : receipt.hops()) {
      table.row(
          SwarmReport.layers(hop.range()),
          hop.peer().toString(),
          saw(hop.range()),
          hop.policy().map(String::valueOf).orElse("–"));
    }
    for (Receipt.Replaced hop : receipt.replaced()) {
      table.row(
          SwarmReport.layers(hop.range()),
          hop.peer() + ", until it was lost at token " + hop.to(),
          saw(hop.range()),
          "");
    }
    table.print(console);
    console.out().println();
    console.out().println(style.strong(verdict()));
  }

  /** Who embeds is given each token; who chooses them is told those before. */
  private static String saw(LayerRange range) {
    return range.embeds() || range.heads() ? "all tokens" : "hidden states";
  }

  void printFindings(Console console) {
    Style style = console.outStyle();
    for (Finding finding : findings) {
      String mark =
          switch (finding.outcome()) {
            case HELD -> style.good("✓");
            case FAILED -> style.bad("✗");
            case NOT_CHECKED -> style.faint("–");
          };
      console.out().printf("  %s %s%n", mark, finding.line());
    }
  }

  boolean nothingFailed() {
    return Finding.noneFailed(findings);
  }

  private String verdict() {
    String cost =
        computed
            ? "%d tokens in one prefill, %.1f s"
                .formatted(receipt.commitment().tokens(), took.toNanos() / 1e9)
            : "%.0f ms, nothing computed".formatted(took.toNanos() / 1e6);
    String verdict =
        holds
            ? computed ? "it holds: the model says exactly this" : "it holds, as far as it says"
            : Finding.noneFailed(findings)
                ? "nothing is wrong, but not all that was asked for could be checked"
                : "it does NOT hold";
    return verdict + " (" + cost + ")";
  }

  Map<String, Object> json() {
    Map<String, Object> root = new LinkedHashMap<>();
    root.put("holds", holds);
    root.put("computed", computed);
    root.put("model", receipt.terms().model().sha256().hex());
    root.put("issuer", text(receipt.issuer()));
    root.put("issuedMillis", receipt.issuedMillis());
    root.put("policies", receipt.terms().policies().stream().map(Hash32::hex).toList());
    root.put("promptTokens", receipt.commitment().promptTokens());
    root.put("outputTokens", receipt.commitment().outputTokens());
    List<Object> hops = new ArrayList<>();
    for (Receipt.Hop hop : receipt.hops()) {
      Map<String, Object> one = new LinkedHashMap<>();
      one.put("peer", text(hop.peer()));
      one.put("layers", SwarmReport.layers(hop.range()));
      one.put("saw", saw(hop.range()));
      hop.policy().ifPresent(policy -> one.put("policy", policy.hex()));
      hops.add(one);
    }
    root.put("hops", hops);
    List<Object> all = new ArrayList<>();
    for (Finding finding : findings) {
      Map<String, Object> one = new LinkedHashMap<>();
      one.put("subject", finding.subject().name().toLowerCase(Locale.ROOT));
      one.put("outcome", finding.outcome().name().toLowerCase(Locale.ROOT));
      finding.about().ifPresent(peer -> one.put("peer", text(peer)));
      one.put("line", finding.line());
      all.add(one);
    }
    root.put("findings", all);
    root.put("millis", took.toMillis());
    return root;
  }

  private static String text(PeerId peer) {
    return peer.text();
  }
}
