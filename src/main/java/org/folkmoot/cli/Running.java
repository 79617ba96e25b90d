package org.folkmoot.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import org.folkmoot.base.Hash32;
import org.folkmoot.base.PrivateFile;
import org.jspecify.annotations.Nullable;

/**
 * What the serving processes of a home have in memory: each writes it into a file of its own
 * whenever that changes. So it is there for other commands without a key to the API, and without a
 * question that a busy process would answer late.
 */
final class Running implements AutoCloseable {
  /** A file with every field at its longest, for as many models as fit a machine. */
  private static final int MAX_BYTES = 1 << 16;

  /** More processes than one home has use for. */
  private static final int MAX_PROCESSES = 64;

  private static final ObjectMapper MAPPER = new ObjectMapper();

  /**
   * A model in memory.
   *
   * @param size of its file, in bytes
   * @param layers which of its layers, such as {@code 0–9 of 30} or {@code all}
   * @param to whom it answers: {@code programs}, or the name of a swarm
   */
  record Model(String name, String sha256, long size, String layers, String to) {
    private Map<String, Object> json() {
      Map<String, Object> fields = new LinkedHashMap<>();
      fields.put("name", name);
      fields.put("sha256", sha256);
      fields.put("size", size);
      fields.put("layers", layers);
      fields.put("to", to);
      return fields;
    }

    private static Model of(JsonNode node) {
      return new Model(
          PlainText.line(node.path("name").asText(), 100),
          Hash32.ofHex(node.path("sha256").asText()).hex(),
          node.path("size").asLong(),
          PlainText.line(node.path("layers").asText(), 40),
          PlainText.line(node.path("to").asText(), 100));
    }
  }

  /**
   * A process that serves.
   *
   * @param http where programs reach it
   */
  record Serving(long pid, Instant since, String http, List<Model> models) {
    Map<String, Object> json() {
      Map<String, Object> fields = new LinkedHashMap<>();
      fields.put("pid", pid);
      fields.put("since", since.toString());
      fields.put("http", http);
      fields.put("models", models.stream().map(Model::json).toList());
      return fields;
    }
  }

  private final Path file;
  private final Instant since;
  private final Supplier<List<Model>> models;
  private final Runnable cannotWrite;
  private @Nullable String http;

  /**
   * Writes nothing before {@link #reached}.
   *
   * @param models what this process has in memory now
   */
  Running(Surroundings surroundings, Supplier<List<Model>> models) {
    this.file = folder(surroundings).resolve(ProcessHandle.current().pid() + ".json");
    this.since = surroundings.clock().instant();
    this.models = models;
    this.cannotWrite =
        () ->
            surroundings
                .console()
                .note("cannot write %s: 'folkmoot ps' will not show this node".formatted(file));
  }

  private static Path folder(Surroundings surroundings) {
    return surroundings.home().resolve("running");
  }

  /** Programs reach this process from now on. */
  synchronized void reached(String at) {
    http = at;
    changed();
  }

  /** Other models are in memory now. */
  synchronized void changed() {
    if (http == null) {
      return;
    }
    Serving now = new Serving(ProcessHandle.current().pid(), since, http, models.get());
    Map<String, Object> fields = now.json();
    fields.put("started", started(ProcessHandle.current()));
    try {
      PrivateFile.write(file, MAPPER.writeValueAsBytes(fields));
    } catch (JsonProcessingException ofOurs) {
      throw new IllegalStateException("a report that is no JSON", ofOurs);
    } catch (IOException failed) {
      cannotWrite.run();
    }
  }

  @Override
  public synchronized void close() {
    http = null;
    delete(file);
  }

  private static void delete(Path file) {
    try {
      Files.deleteIfExists(file);
    } catch (IOException left) {
      // Whoever reads it finds that its process is gone.
    }
  }

  /** When a process began, for a number is given again. 0 where the system does not say. */
  private static long started(ProcessHandle process) {
    return process.info().startInstant().map(Instant::toEpochMilli).orElse(0L);
  }

  /** The processes of a home that serve now, the one that began first in front. */
  static List<Serving> read(Surroundings surroundings) {
    List<Serving> all = new ArrayList<>();
    Path folder = folder(surroundings);
    if (!Files.isDirectory(folder)) {
      return all;
    }
    try (DirectoryStream<Path> files = Files.newDirectoryStream(folder, "*.json")) {
      for (Path each : files) {
        if (all.size() < MAX_PROCESSES) {
          read(each).ifPresent(all::add);
        }
      }
    } catch (IOException | DirectoryIteratorException unreadable) {
      return all;
    }
    all.sort(Comparator.comparing(Serving::since).thenComparingLong(Serving::pid));
    return all;
  }

  /** What a file says, if its process lives; one that was killed has left it. */
  private static Optional<Serving> read(Path file) {
    try {
      if (Files.size(file) > MAX_BYTES) {
        return Optional.empty();
      }
      JsonNode node = MAPPER.readTree(Files.readAllBytes(file));
      long pid = node.path("pid").asLong();
      long began = node.path("started").asLong();
      boolean lives =
          ProcessHandle.of(pid).filter(process -> started(process) == began).isPresent();
      if (!lives) {
        delete(file);
        return Optional.empty();
      }
      List<Model> models = new ArrayList<>();
      node.path("models").forEach(model -> models.add(Model.of(model)));
      return Optional.of(
          new Serving(
              pid,
              Instant.parse(node.path("since").asText()),
              PlainText.line(node.path("http").asText(), 100),
              List.copyOf(models)));
    } catch (IOException | RuntimeException damaged) {
      return Optional.empty();
    }
  }
}
