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

  /** The same as a person is told it. */
  FolkmootException at(int line) {
    if (raised) {
      return new FolkmootException(code, "the model's chat template says: " + getMessage());
    }
    String what = code == BAD_REQUEST ? "cannot render this conversation" : "cannot be used";
    return new FolkmootException(
        code, "the model's chat template " + what + ": line " + line + ": " + getMessage());
  }
}
