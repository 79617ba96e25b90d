package org.folkmoot.cli;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;

/** One call of the program within a test: what it reads, and what it says. */
final class CommandLineRun {
  private final Map<String, String> environment = new HashMap<>();
  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private final ByteArrayOutputStream err = new ByteArrayOutputStream();
  private final AtomicLong nanos = new AtomicLong();
  private final AtomicLong seeds = new AtomicLong(1000);
  private InputStream in = InputStream.nullInputStream();
  private PrintStream outStream = new PrintStream(out, true, StandardCharsets.UTF_8);
  private boolean outIsTerminal;
  private boolean inIsTerminal;
  private Interrupts interrupts = Interrupts.NEVER;

  CommandLineRun(Path home) {
    environment.put("FOLKMOOT_HOME", home.toString());
  }

  CommandLineRun reading(String text) {
    return reading(new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8)));
  }

  CommandLineRun reading(InputStream stream) {
    in = stream;
    return this;
  }

  CommandLineRun writingTo(PrintStream stream) {
    outStream = stream;
    return this;
  }

  CommandLineRun outAtTerminal() {
    outIsTerminal = true;
    return this;
  }

  CommandLineRun inAtTerminal() {
    inIsTerminal = true;
    return this;
  }

  CommandLineRun interruptedBy(Interrupts others) {
    interrupts = others;
    return this;
  }

  Surroundings surroundings() {
    Console console =
        new Console(
            outStream,
            new PrintStream(err, true, StandardCharsets.UTF_8),
            outIsTerminal,
            outIsTerminal,
            true,
            () -> 40);
    // The clock for durations goes on by a tenth of a second with every look.
    return new Surroundings(
        console,
        in,
        environment,
        () -> Instant.EPOCH,
        inIsTerminal,
        () -> nanos.addAndGet(100_000_000),
        seeds::getAndIncrement,
        interrupts);
  }

  /** Calls the program and returns its exit status. */
  int call(String... args) {
    return Main.run(surroundings(), args);
  }

  String out() {
    return out.toString(StandardCharsets.UTF_8);
  }

  String err() {
    return err.toString(StandardCharsets.UTF_8);
  }
}
