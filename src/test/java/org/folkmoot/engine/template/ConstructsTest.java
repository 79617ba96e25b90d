package org.folkmoot.engine.template;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.base.FolkmootException.Code;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** Every construct gives what Jinja2 gives: {@code constructs.json} holds its outputs. */
class ConstructsTest {
  private static final JsonNode FIXTURE = Fixtures.json("constructs.json");

  @TestFactory
  Stream<DynamicTest> rendersAsJinja() {
    return groups("cases")
        .map(group ->
            dynamicTest(
                group.getKey(),
                () -> {
                  for (JsonNode sample : group.getValue()) {
                    String template = sample.path("template").textValue();
                    assertThat(Fixtures.run(template, variables()).string())
                        .as(template)
                        .isEqualTo(sample.path("expected").textValue());
                  }
                }));
  }

  @TestFactory
  Stream<DynamicTest> faultsWhereJinjaFaults() {
    return groups("errors")
        .map(group ->
            dynamicTest(
                group.getKey(),
                () -> {
                  for (JsonNode sample : group.getValue()) {
                    faults(group.getKey(), sample.path("template").textValue());
                  }
                }));
  }

  private static void faults(String group, String template) {
    Throwable thrown = catchThrowable(() -> Fixtures.run(template, variables()));
    assertThat(thrown).as(template).isInstanceOf(FolkmootException.class);
    FolkmootException fault = (FolkmootException) thrown;
    assertThat(Fixtures.message(fault)).as(template).startsWith("the model's chat template ");
    assertThat(Fixtures.message(fault).lines()).as(template).hasSize(1);
    if (group.equals("syntax")) {
      assertThat(fault.code()).as(template).isIn(Code.BAD_FILE, Code.UNSUPPORTED);
      assertThat(Fixtures.message(fault)).as(template).contains("line 1: ");
    }
  }

  private static Stream<Map.Entry<String, List<JsonNode>>> groups(String kind) {
    Map<String, List<JsonNode>> groups = new LinkedHashMap<>();
    for (JsonNode sample : FIXTURE.path(kind)) {
      groups.computeIfAbsent(sample.path("name").textValue(), _ -> new ArrayList<>()).add(sample);
    }
    assertThat(groups).isNotEmpty();
    return groups.entrySet().stream();
  }

  private static Map<String, @Nullable Object> variables() {
    Map<String, @Nullable Object> variables = Fixtures.map(FIXTURE.path("variables"));
    variables.put("add_generation_prompt", true);
    return variables;
  }
}
