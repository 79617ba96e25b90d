package org.folkmoot.engine.template;

import static org.folkmoot.base.FolkmootException.Code.BAD_FILE;
import static org.folkmoot.base.FolkmootException.Code.BAD_REQUEST;
import static org.folkmoot.base.FolkmootException.Code.UNSUPPORTED;

import org.folkmoot.base.FolkmootException;

/**
 * What goes wrong in a template before its line is known: {@link ChatTemplate} adds the line. Never
 * carries text of a conversation.
 */
final class TemplateFault extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** Enough to tell a person what is wrong. */
  private static final int MAX_MESSAGE = 400;

  private final FolkmootException.Code code;
  private final boolean raised;

  private TemplateFault(FolkmootException.Code code, String message, boolean raised) {
    // Without a stack trace: hostile input reaches this, and the line of the template says more.
    super(message, null, false, false);
    this.code = code;
    this.raised = raised;
  }

  /** The template is not Jinja, or goes past a bound. */
  static TemplateFault broken(String message) {
    return new TemplateFault(BAD_FILE, message, false);
  }

  /** Jinja that this engine does not speak. */
  static TemplateFault unsupported(String construct) {
    return new TemplateFault(UNSUPPORTED, construct + " is not supported", false);
  }

  /**
   * The template cannot be applied to these values: what Python raises as a type or value error.
   */
  static TemplateFault wrong(String message) {
    return new TemplateFault(BAD_REQUEST, message, false);
  }

  /** The template itself refuses, in its own words. */
  static TemplateFault raised(String message) {
    return new TemplateFault(BAD_REQUEST, message, true);
  }

  /** The same as a person is told it, in one line; line 0 of the template is none. */
  FolkmootException at(int line) {
    String said = printable(String.valueOf(getMessage()));
    if (raised) {
      return new FolkmootException(code, "the model's chat template says: " + said);
    }
    String what = code == BAD_REQUEST ? "cannot render this conversation: " : "cannot be used: ";
    String where = line == 0 ? "" : "line " + line + ": ";
    return new FolkmootException(code, "the model's chat template " + what + where + said);
  }

  /** Templates write into these messages, and people read them in terminals. */
  private static String printable(String message) {
    StringBuilder line = new StringBuilder();
    message
        .codePoints()
        .limit(MAX_MESSAGE)
        .forEach(c -> line.appendCodePoint(Characters.isPrintable(c) ? c : ' '));
    return line.toString().strip().replaceAll(" {2,}", " ");
  }
}
