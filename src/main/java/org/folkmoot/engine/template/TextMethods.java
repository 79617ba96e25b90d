package org.folkmoot.engine.template;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.function.IntPredicate;
import org.folkmoot.engine.template.Value.Sequence;
import org.jspecify.annotations.Nullable;

/**
 * Calls the methods of strings. Source: the Python library reference, "String Methods". Arguments
 * that Python has and no template uses ({@code start}, {@code end}) fault by name.
 */
final class TextMethods {
  private final Operators operators;
  private final Budget budget;

  TextMethods(Operators operators, Budget budget) {
    this.operators = operators;
    this.budget = budget;
  }

  Value call(Text self, TextMethod method, Args args) {
    budget.characters(self.units());
    return switch (method) {
      case CAPITALIZE, CASEFOLD, LOWER, SWAPCASE, TITLE, UPPER -> {
        args.bind(method + "()");
        yield rewritten(self, method);
      }
      case COUNT -> {
        Text part = part(args, method);
        yield new Value.Int(Texts.count(self, part, budget));
      }
      case STARTSWITH, ENDSWITH -> Value.Bool.of(hasAffix(self, args, method));
      case FIND, INDEX, RFIND, RINDEX -> new Value.Int(find(self, args, method));
      case FORMAT -> Formats.format(self, args, budget);
      case ISALNUM -> all(self, args, Character::isLetterOrDigit);
      case ISALPHA -> all(self, args, Character::isLetter);
      case ISDECIMAL, ISDIGIT, ISNUMERIC -> all(self, args, Character::isDigit);
      case ISSPACE -> all(self, args, Characters::isSpace);
      case ISLOWER -> hasCase(self, args, Character::isLowerCase);
      case ISUPPER -> hasCase(self, args, Character::isUpperCase);
      case JOIN -> join(self, args.bind("join()", "iterable").require("iterable"));
      case LJUST, RJUST -> justified(self, args, method);
      case ZFILL -> zeroFilled(self, args);
      case LSTRIP, RSTRIP, STRIP -> {
        Text chars = chars(args, method);
        yield Texts.strip(
            self, chars, method != TextMethod.RSTRIP, method != TextMethod.LSTRIP, budget);
      }
      case PARTITION, RPARTITION -> partition(self, args, method);
      case REMOVEPREFIX -> {
        Text part = part(args, method);
        boolean has = self.string().startsWith(part.string());
        yield self.cut(has ? part.units() : 0, self.units());
      }
      case REMOVESUFFIX -> {
        Text part = part(args, method);
        boolean has = self.string().endsWith(part.string());
        yield self.cut(0, self.units() - (has ? part.units() : 0));
      }
      case REPLACE -> replace(self, args);
      case SPLIT, RSPLIT -> split(self, args, method);
      case SPLITLINES -> splitLines(self, args);
    };
  }

  /** The one string that a method looks for. */
  private static Text part(Args args, TextMethod method) {
    Args.Bound bound = args.bind(method + "()", "part");
    bound.require("part");
    return bound.text("part", Text.EMPTY);
  }

  private static @Nullable Text chars(Args args, TextMethod method) {
    Args.Bound bound = args.bind(method + "()", "chars");
    return bound.get("chars", Value.None.NONE) instanceof Value.None
        ? null
        : bound.text("chars", Text.EMPTY);
  }

  private static Text rewritten(Text self, TextMethod method) {
    String string = self.string();
    return self.rewritten(
        switch (method) {
          case CAPITALIZE -> Texts.capitalize(string);
          case SWAPCASE -> Texts.swapCase(string);
          case TITLE -> Texts.title(string);
          case UPPER -> Texts.upper(string);
          case CASEFOLD -> Texts.lower(Texts.upper(string));
          default -> Texts.lower(string);
        });
  }

  private boolean hasAffix(Text self, Args args, TextMethod method) {
    Value affixes = args.bind(method + "()", "affix").require("affix");
    List<Value> candidates =
        affixes instanceof Sequence tuple && tuple.kind() == Sequence.Kind.TUPLE
            ? tuple.items()
            : List.of(affixes);
    for (Value candidate : candidates) {
      budget.steps(1);
      if (!(candidate instanceof Text affix)) {
        throw Operators.undefinedOr(
            candidate, candidate, method + "() needs a string, not " + candidate.type());
      }
      budget.characters(affix.units());
      boolean found =
          method == TextMethod.STARTSWITH
              ? self.string().startsWith(affix.string())
              : self.string().endsWith(affix.string());
      if (found) {
        return true;
      }
    }
    return false;
  }

  private long find(Text self, Args args, TextMethod method) {
    Text part = part(args, method);
    budget.search(self.units(), part.units());
    boolean last = method == TextMethod.RFIND || method == TextMethod.RINDEX;
    int unit =
        last ? self.string().lastIndexOf(part.string()) : self.string().indexOf(part.string());
    if (unit < 0 && (method == TextMethod.INDEX || method == TextMethod.RINDEX)) {
      throw TemplateFault.wrong(method + "() does not find what it looks for");
    }
    return unit < 0 ? -1 : self.string().codePointCount(0, unit);
  }

  private static Value all(Text self, Args args, IntPredicate kind) {
    args.bind("a test of characters");
    return Value.Bool.of(!self.isEmpty() && self.string().codePoints().allMatch(kind));
  }

  /** Whether all cased characters have this case, and at least one is there. */
  private static Value hasCase(Text self, Args args, IntPredicate kind) {
    args.bind("a test of case");
    int[] cased = self.string().codePoints().filter(Characters::isCased).toArray();
    for (int c : cased) {
      if (!kind.test(c)) {
        return Value.Bool.FALSE;
      }
    }
    return Value.Bool.of(cased.length > 0);
  }

  private Text join(Text self, Value items) {
    Text.Builder joined = new Text.Builder();
    boolean first = true;
    for (Value item : operators.items(items)) {
      if (!(item instanceof Text text)) {
        throw Operators.undefinedOr(item, item, "join() needs strings, not " + item.type());
      }
      budget.characters(self.units() + (long) text.units());
      if (!first) {
        joined.append(self);
      }
      joined.append(text);
      first = false;
    }
    return joined.build();
  }

  private Text justified(Text self, Args args, TextMethod method) {
    Args.Bound bound = args.bind(method + "()", "width", "fill");
    Text fill = bound.text("fill", Text.trusted(" "));
    Text padding = padding(fill, bound.wholeNumber("width", 0) - self.codePoints());
    return method == TextMethod.LJUST ? self.plus(padding) : padding.plus(self);
  }

  private Text zeroFilled(Text self, Args args) {
    long width = args.bind("zfill()", "width").wholeNumber("width", 0);
    Text zeros = padding(Text.trusted("0"), width - self.codePoints());
    boolean signed = self.string().startsWith("-") || self.string().startsWith("+");
    int sign = signed ? 1 : 0;
    return self.cut(0, sign).plus(zeros).plus(self.cut(sign, self.units()));
  }

  private Text padding(Text fill, long count) {
    if (fill.codePoints() != 1) {
      throw TemplateFault.wrong("the fill must be one character");
    }
    if (count > Budget.MAX_TEXT) {
      throw Budget.tooLong();
    }
    budget.characters(Math.max(count, 0));
    Text.Builder padding = new Text.Builder();
    for (long i = 0; i < count; i++) {
      padding.append(fill);
    }
    return padding.build();
  }

  private Sequence partition(Text self, Args args, TextMethod method) {
    Text part = part(args, method);
    budget.search(self.units(), part.units());
    requireSeparator(part);
    boolean last = method == TextMethod.RPARTITION;
    int at = last ? self.string().lastIndexOf(part.string()) : self.string().indexOf(part.string());
    if (at < 0) {
      return last
          ? Sequence.tuple(Text.EMPTY, Text.EMPTY, self)
          : Sequence.tuple(self, Text.EMPTY, Text.EMPTY);
    }
    return Sequence.tuple(self.cut(0, at), part, self.cut(at + part.units(), self.units()));
  }

  private static void requireSeparator(Text separator) {
    if (separator.isEmpty()) {
      throw TemplateFault.wrong("the separator is empty");
    }
  }

  private Text replace(Text self, Args args) {
    Args.Bound bound = args.bind("replace()", "old", "new", "count");
    bound.require("old");
    bound.require("new");
    return Texts.replace(
        self,
        bound.text("old", Text.EMPTY),
        bound.text("new", Text.EMPTY),
        bound.wholeNumber("count", -1),
        budget);
  }

  private Sequence split(Text self, Args args, TextMethod method) {
    Args.Bound bound = args.bind(method + "()", "sep", "maxsplit");
    long limit = bound.wholeNumber("maxsplit", -1);
    boolean last = method == TextMethod.RSPLIT;
    List<Value> parts = new ArrayList<>();
    if (bound.get("sep", Value.None.NONE) instanceof Value.None) {
      if (last) {
        Texts.splitAtSpaceFromRight(self, limit, parts);
      } else {
        Texts.splitAtSpace(self, limit, parts);
      }
    } else {
      Text separator = bound.text("sep", Text.EMPTY);
      requireSeparator(separator);
      budget.search(self.units(), separator.units());
      Texts.split(self, separator.string(), limit, last, parts);
    }
    if (last) {
      Collections.reverse(parts);
    }
    budget.elements(parts.size());
    return Sequence.list(parts);
  }

  private Sequence splitLines(Text self, Args args) {
    Value keep = args.bind("splitlines()", "keepends").get("keepends", Value.Bool.FALSE);
    List<Value> lines = new ArrayList<>(Texts.lines(self, operators.isTrue(keep)));
    budget.elements(lines.size());
    return Sequence.list(lines);
  }
}
