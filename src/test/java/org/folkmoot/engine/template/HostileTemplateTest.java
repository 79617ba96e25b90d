package org.folkmoot.engine.template;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.base.FolkmootException.Code;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Whatever a template tries, it ends soon, in one FolkmootException. */
class HostileTemplateTest {
  private static final String GROW =
      "{% set ns = namespace(s='0123456789abcdef') %}"
          + "{% for i in range(60) %}{% set ns.s = ns.s ~ ns.s %}{% endfor %}";

  private static final String BIG = "{% set b = 'a' * 4000000 %}";

  @ParameterizedTest
  @ValueSource(
      strings = {
        // Without end, or nearly.
        "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
        "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
        "{% macro m() %}{{ m() }}{{ m() }}{% endmacro %}{{ m() }}",
        "{% macro m(n) %}{% if n %}{{ m(n-1) }}{{ m(n-1) }}{% endif %}{% endmacro %}{{ m(60) }}",
        "{% macro m() %}{{ caller() }}{% endmacro %}"
            + "{% macro n() %}{% call m() %}{{ n() }}{% endcall %}{% endmacro %}{{ n() }}",
        "{% macro a(x=a()) %}{% endmacro %}{{ a() }}",
        // Long.
        "{{ 'a' * 99999999999 }}",
        "{{ 'a' * 9223372036854775807 }}",
        "{{ [1] * 99999999999 }}",
        "{{ [[]] * 9223372036854775807 }}",
        GROW,
        GROW + "{{ ns.s }}",
        "{% for i in range(99999) %}{{ 'a' * 4000 }}{% endfor %}",
        "{% for i in range(99999) %}0123456789012345678901234567890123456789012345{% endfor %}",
        "{{ 'x'.ljust(99999999999) }}",
        "{{ '1'.zfill(99999999999) }}",
        "{{ 'a\nb' | indent(99999999999) }}",
        "{{ range(99999999999) }}",
        "{{ range(-9223372036854775807, 9223372036854775807, 2) | list }}",
        BIG + "{{ b.replace('a', 'bbbb') }}",
        BIG + "{{ b.replace('', 'bbbb') }}",
        BIG + "{{ b | list }}",
        BIG + "{{ b | replace('a', b) }}",
        BIG + "{{ ([b] * 100) | join }}",
        BIG + "{{ [b, b] }}",
        BIG + "{{ [b, b] | tojson }}",
        BIG + "{{ b.split('a') }}",
        BIG + "{% for c in b %}{% endfor %}",
        // Slow.
        BIG + "{% set n = 'a' * 2000000 ~ 'b' %}{{ n in b }}",
        BIG + "{% set n = 'a' * 2000000 ~ 'b' %}{{ b.find(n) }}{{ b.rfind(n) }}{{ b.count(n) }}",
        BIG + "{% set n = 'a' * 2000000 ~ 'b' %}{{ b.replace(n, '') }}{{ b.split(n) }}",
        BIG + "{% for i in range(99999) %}{% if b == b ~ 'x' %}{% endif %}{% endfor %}",
        BIG + "{% for i in range(99999) %}{% set x = b | length %}{{ b[3999999] }}{% endfor %}",
        BIG + "{% for i in range(99999) %}{% set x = b | upper %}{% endfor %}",
        BIG + "{% for i in range(99999) %}{% set x = b.strip('a') %}{% endfor %}",
        BIG + "{% for i in range(99999) %}{% set x = {b: 1}[b ~ ''] %}{% endfor %}",
        BIG + "{% for i in range(99999) %}{% set x = b is lower %}{% endfor %}",
        BIG
            + "{% set d = {b: 1} %}{% set e = {b ~ '': 1} %}"
            + "{% for i in range(99999) %}{% set x = d == e %}{% endfor %}",
        "{% set l = range(99999) | list %}{% for i in l %}{% if -1 in l %}{% endif %}{% endfor %}",
        "{% set l = range(99999) | list %}{% for i in l %}{{ l | sort | first }}{% endfor %}",
        "{% set l = range(99999) | list %}{% for i in l %}{% set x = l[1:] %}{% endfor %}",
        "{% set l = range(99999) | list %}{% for i in l %}{% set x = l | last %}"
            + "{% set x = l + l %}{% endfor %}",
        // Deep, and small values that are large trees.
        "{% set ns = namespace(l=[]) %}"
            + "{% for i in range(9999) %}{% set ns.l = [ns.l] %}{% endfor %}{{ ns.l }}",
        "{% set ns = namespace(l=[1]) %}"
            + "{% for i in range(60) %}{% set ns.l = [ns.l, ns.l] %}{% endfor %}{{ ns.l }}",
        "{% set ns = namespace(l=[1]) %}"
            + "{% for i in range(60) %}{% set ns.l = [ns.l, ns.l] %}{% endfor %}{{ ns.l | tojson }}",
        "{% set ns = namespace(l=[1], m=[1]) %}{% for i in range(60) %}"
            + "{% set ns.l = [ns.l, ns.l] %}{% set ns.m = [ns.m, ns.m] %}{% endfor %}"
            + "{{ ns.l == ns.m }}",
        "{% set ns = namespace(l=[1], m=[1]) %}{% for i in range(60) %}"
            + "{% set ns.l = [ns.l, ns.l] %}{% set ns.m = [ns.m, ns.m] %}{% endfor %}"
            + "{{ ns.l < ns.m }}",
        "{% set ns = namespace(d={}) %}"
            + "{% for i in range(99) %}{% set ns.d = {'a': ns.d} %}{% endfor %}",
        "{% set ns = namespace() %}{% set ns.self = ns %}{{ ns }}",
        "{% set ns = namespace() %}{% set ns.l = [ns] %}{{ ns.l }}",
        "{% set ns = namespace() %}{% set ns.l = [ns] %}{{ ns.l | tojson }}",
        // Where characters come from changes with each of them.
        "{{ (x[0] ~ 'a') * 2000000 }}",
        "{% set s = (x[0] ~ 'a') * 100000 %}{% for i in range(99999) %}"
            + "{% for c in s %}{% endfor %}{% endfor %}",
        "{% set s = (x[0] ~ 'a') * 100000 %}{% for i in range(99999) %}"
            + "{% set t = s[1:] ~ s | reverse %}{% set u = s.split('a') %}{% endfor %}",
        // Arguments that make each step dear.
        BIG + "{{ ('b' * 4000000).strip(b ~ 'b') }}",
        BIG + "{% for i in range(99999) %}{% set x = [1] | map(attribute=b) | list %}{% endfor %}",
        BIG + "{% for i in range(99999) %}{% set x = ''[b] %}{% set x = b % () %}{% endfor %}",
        BIG + "{% for i in range(99999) %}{% set x = b | first %}{% set x = b[:1] %}{% endfor %}",
        "{% set l = [''] * 100000 %}{% for i in range(99999) %}{% set x = l | join %}"
            + "{% set x = ''.join(l) %}{% set x = l | select | list %}{% endfor %}",
        "{% set l = ([''] * 100000) | list %}{% for i in range(99999) %}"
            + "{% set x = l | sum(start='') %}{% set x = l | min %}{% endfor %}",
        "{% for i in range(99999) %}{% for j in range(99999) %}"
            + "{% set x = '%.99f' % 1e-300 %}{% set x = 1.5e300 | round(300) %}"
            + "{% set x = ('9' * 400) | int %}{% endfor %}{% endfor %}",
        "{% for i in range(99999) %}{% for j in range(99999) %}"
            + "{% if 9007199254740993 < 1e-300 %}{% endif %}{{ 1e-300 }}{% endfor %}{% endfor %}",
        // Not for templates.
        "{{ ''.__class__.__mro__ }}",
        "{{ messages.__class__() }}",
        "{{ range.__globals__.x }}",
        "{{ self.__init__ }}",
        "{% include '/etc/hosts' %}",
        "{% import 'os' as os %}",
        "{% extends 'x' %}",
      })
  void endsInOneFault(String template) {
    FolkmootException fault = fault(template);
    assertThat(Fixtures.message(fault).length()).as(template).isLessThan(300);
  }

  @Test
  void deepSourcesAreRefusedWithoutOverflow() {
    for (String open :
        List.of(
            "(",
            "[",
            "{'a':",
            "not ",
            "-",
            "1+(",
            "a[",
            "f(",
            "a.b(",
            "1 if 1 else ",
            "a|f(",
            "x~(")) {
      assertThat(fault("{{ " + open.repeat(3_000))).as(open).isNotNull();
    }
    for (String chain :
        List.of("+1", "*1", "**1", ".a", "[0]", "()", "|list", " or 0", " and 1", "|trim")) {
      assertThat(fault("{{ 1" + chain.repeat(3_000) + " }}")).as(chain).isNotNull();
    }
    for (String block :
        List.of(
            "{% if 1 %}",
            "{% for a in b %}",
            "{% set a %}",
            "{% macro m() %}",
            "{% filter trim %}",
            "{% call m() %}",
            "{% with %}",
            "{% generation %}")) {
      assertThat(fault(block.repeat(5_000))).as(block).isNotNull();
    }
    assertThat(
            catchThrowable(() ->
                ChatTemplate.compile(
                    "{% if 1 %}{% elif 1 %}".repeat(9)
                        + "{% if 0 %}"
                        + "{% elif 0 %}".repeat(9_000))))
        .isInstanceOf(FolkmootException.class);
  }

  /** The deepest evaluation that is allowed fits a small stack. */
  @Test
  void theDepthBoundHoldsOnASmallStack() throws InterruptedException {
    List<String> templates =
        List.of(
            "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
            "{% macro m(x) %}{% for i in [1] %}{% if true %}{% with a = 1 %}"
                + "{{ ((m(m(x) ~ 1) ~ 1) | replace(m(x), '')) or [m(x)] }}"
                + "{% endwith %}{% endif %}{% endfor %}{% endmacro %}{{ m(1) }}",
            "{% macro m() %}{{ caller() }}{% endmacro %}"
                + "{% macro n() %}{% call m() %}{{ n() }}{% endcall %}{% endmacro %}{{ n() }}",
            "{% macro a(x=a()) %}{% endmacro %}{{ a() }}",
            "{{ 1" + "+1".repeat(240) + " }}",
            "{{ " + "not ".repeat(60) + "1" + ".a".repeat(180) + " }}",
            "{{ " + "(".repeat(60) + "1" + ")".repeat(60) + " }}");
    AtomicReference<@Nullable Throwable> thrown = new AtomicReference<>();
    Thread small =
        new Thread(
            null,
            () -> {
              for (String template : templates) {
                Throwable fault = catchThrowable(() -> Fixtures.run(template, Map.of()));
                if (fault != null && !(fault instanceof FolkmootException)) {
                  thrown.set(fault);
                }
              }
            },
            "small stack",
            512 << 10);
    small.start();
    small.join();
    assertThat(thrown.get()).isNull();
  }

  @Test
  void deepAndHugeValuesOfCallersAreTheCallersFault() {
    Object deep = 1;
    for (int i = 0; i < 10_000; i++) {
      deep = List.of(deep);
    }
    Map<String, @Nullable Object> tool = new HashMap<>();
    tool.put("deep", deep);
    ChatTemplate template = ChatTemplate.compile("{{ tools }}");
    TemplateContext context = TemplateContext.of("", "").withTools(List.of(tool));
    assertThat(catchThrowable(() -> template.render(List.of(), context)))
        .isInstanceOfSatisfying(
            FolkmootException.class, fault -> assertThat(fault.code()).isEqualTo(Code.BAD_REQUEST));
    List<ChatMessage> huge = List.of(new ChatMessage("user", "x".repeat(Budget.MAX_TEXT + 1)));
    assertThat(catchThrowable(() -> template.render(huge, TemplateContext.of("", ""))))
        .isInstanceOfSatisfying(
            FolkmootException.class, fault -> assertThat(fault.code()).isEqualTo(Code.BAD_REQUEST));
  }

  /** The bounds leave room for what people do. */
  @Test
  void longConversationsFit() {
    List<ChatMessage> many = new ArrayList<>();
    for (int i = 0; i < 10_000; i++) {
      many.add(new ChatMessage(i % 2 == 0 ? "user" : "assistant", "message " + i));
    }
    ChatTemplate template = ChatTemplate.compile(Fixtures.SMOLLM2);
    TemplateContext context = TemplateContext.of("", "");
    assertThat(template.render(many, context)).contains("message 9999");
    List<ChatMessage> large = List.of(new ChatMessage("user", "word ".repeat(800_000)));
    assertThat(template.render(large, context)).hasSizeGreaterThan(4_000_000);
  }

  private static FolkmootException fault(String template) {
    Map<String, @Nullable Object> variables = Map.of("messages", List.of(), "a", 1, "x", "xyz");
    Throwable thrown = catchThrowable(() -> Fixtures.run(template, variables));
    String shown = template.length() > 200 ? template.substring(0, 200) : template;
    assertThat(thrown).as(shown).isInstanceOf(FolkmootException.class);
    return (FolkmootException) thrown;
  }
}
