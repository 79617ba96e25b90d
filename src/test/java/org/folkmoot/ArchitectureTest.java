package org.folkmoot;

import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.Dependency;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/** Who may import whom (ARCHITECTURE.md, "The packages"), held by the build. */
class ArchitectureTest {
  private static final String ROOT = "org.folkmoot.";

  /**
   * Each package with those it may import. Whatever a package may import, it may import all the way
   * down.
   */
  private static final Map<String, Set<String>> MAY_IMPORT =
      Map.ofEntries(
          Map.entry("base", Set.of()),
          Map.entry("kernel", Set.of("base")),
          Map.entry("engine", Set.of("kernel")),
          Map.entry("wire", Set.of("base")),
          Map.entry("peer", Set.of("wire")),
          Map.entry("store", Set.of("base", "peer")),
          Map.entry("route", Set.of("wire")),
          Map.entry("serve", Set.of("engine", "peer", "proof")),
          Map.entry("session", Set.of("route", "peer", "engine", "proof")),
          Map.entry("proof", Set.of("engine", "wire", "peer")),
          Map.entry("ledger", Set.of("base", "peer")),
          Map.entry("moot", Set.of("ledger")),
          Map.entry("tune", Set.of("engine", "session", "ledger")),
          Map.entry("audit", Set.of("engine", "session", "ledger")),
          Map.entry("api", Set.of("session", "serve", "store", "proof", "moot", "tune", "audit")),
          Map.entry("web", Set.of("api")),
          Map.entry("cli", Set.of("api", "web")));

  private final JavaClasses classes =
      new ClassFileImporter()
          .withImportOption(new ImportOption.DoNotIncludeTests())
          .importPackages("org.folkmoot");

  @Test
  void importsFollowTheLayers() {
    List<String> wrong = new ArrayList<>();
    for (JavaClass from : classes) {
      String origin = layer(from);
      assertThat(MAY_IMPORT).as("layer of %s", from.getName()).containsKey(origin);
      for (Dependency dependency : from.getDirectDependenciesFromSelf()) {
        JavaClass target = dependency.getTargetClass();
        if (target.getPackageName().startsWith(ROOT)
            && !layer(target).equals(origin)
            && !reachable(origin).contains(layer(target))) {
          wrong.add(dependency.getDescription());
        }
      }
    }
    assertThat(wrong).isEmpty();
  }

  @Test
  void noPackagesImportEachOther() {
    slices().matching("org.folkmoot.(**)").should().beFreeOfCycles().check(classes);
  }

  private static String layer(JavaClass type) {
    String inside = type.getPackageName().substring(ROOT.length());
    return inside.contains(".") ? inside.substring(0, inside.indexOf('.')) : inside;
  }

  private static Set<String> reachable(String layer) {
    Set<String> found = new TreeSet<>();
    for (String next : MAY_IMPORT.getOrDefault(layer, Set.of())) {
      found.add(next);
      found.addAll(reachable(next));
    }
    return found;
  }
}
