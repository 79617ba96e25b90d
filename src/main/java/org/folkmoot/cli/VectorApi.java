package org.folkmoot.cli;

import static org.folkmoot.base.FolkmootException.Code.UNSUPPORTED;

import java.lang.reflect.InvocationTargetException;
import org.folkmoot.base.FolkmootException;

/**
 * Brings the JDK's Vector API into this process, before the first kernel is touched.
 *
 * <p>{@code --add-modules jdk.incubator.vector} would do the same, but a JVM that starts with an
 * incubating module prints a warning that no flag silences, and cannot use the module graph and the
 * heap objects of its class archive, which makes every start some 60 ms slower. So the module is
 * added while the program runs, the way the JVM adds its own agents' modules. The jar's manifest
 * exports the package that this takes.
 */
final class VectorApi {
  private static final String MODULE = "jdk.incubator.vector";

  private VectorApi() {}

  /**
   * Begins to load the module on a thread of its own, while this one reads the command line. A
   * failure shows when {@link #load} is called.
   */
  static void prepare() {
    Thread.ofPlatform()
        .daemon()
        .name("vector-api")
        .start(() -> {
          try {
            load();
          } catch (FolkmootException itWillFailAgain) {
            return;
          }
        });
  }

  /**
   * Loads the module unless it is there. Every command that computes calls it before it touches a
   * kernel.
   *
   * @throws FolkmootException UNSUPPORTED if this JDK does not let us
   */
  static synchronized void load() {
    if (ModuleLayer.boot().findModule(MODULE).isPresent()) {
      return;
    }
    try {
      Class.forName("jdk.internal.module.Modules")
          .getMethod("loadModule", String.class)
          .invoke(null, MODULE);
    } catch (ReflectiveOperationException | IllegalArgumentException refused) {
      Throwable cause =
          refused instanceof InvocationTargetException wrapped ? wrapped.getCause() : refused;
      throw new FolkmootException(
          UNSUPPORTED,
          "this JDK keeps its Vector API closed: call with FOLKMOOT_JAVA_OPTS='--add-modules "
              + MODULE
              + "'",
          cause);
    }
  }
}
