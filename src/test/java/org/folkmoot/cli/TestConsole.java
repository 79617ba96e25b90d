package org.folkmoot.cli;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;

/** The command line in a test: what it printed, and the surroundings it ran in. */
final class TestConsole {
  final ByteArrayOutputStream out = new ByteArrayOutputStream();
  final ByteArrayOutputStream err = new ByteArrayOutputStream();
  final Map<String, String> environment = new HashMap<>();
  InputStream in = InputStream.nullInputStream();
  PrintStream printed = new PrintStream(out, true, StandardCharsets.UTF_8);
  Interrupts interrupts = Interrupts.NEVER;
  boolean terminal;
  boolean inIsTerminal;
  int columns = 80;
  Instant now = Instant.parse("2026-03-04T05:06:07Z");

  Console console() {
    return new Console(
        printed,
        new PrintStream(err, true, StandardCharsets.UTF_8),
        terminal,
        terminal,
        environment.getOrDefault("NO_COLOR", "").isEmpty(),
        () -> columns);
  }

  Surroundings surroundings() {
    AtomicLong looks = new AtomicLong();
    AtomicLong seeds = new AtomicLong(1000);
    return new Surroundings(
        console(),
        in,
        environment,
        () -> now,
        inIsTerminal,
        () -> looks.incrementAndGet() * 100_000_000, // a tenth of a second between two looks
        seeds::getAndIncrement,
        interrupts);
  }

  /** Has something to read. */
  TestConsole reading(String text) {
    in = new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8));
    return this;
  }

  int run(String... args) {
    out.reset();
    err.reset();
    return Main.run(surroundings(), args);
  }

  void pass(Duration time) {
    now = now.plus(time);
  }

  String out() {
    return out.toString(StandardCharsets.UTF_8);
  }

  String err() {
    return err.toString(StandardCharsets.UTF_8);
  }
}
