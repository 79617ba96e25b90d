package org.folkmoot.cli;

import java.lang.reflect.RecordComponent;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.base.Hash32;
import org.folkmoot.ledger.entry.Entry;
import org.folkmoot.ledger.entry.EntryCodec;
import org.folkmoot.ledger.entry.EntryId;
import org.folkmoot.wire.PeerId;
import org.jspecify.annotations.Nullable;

/** An entry of a feed as JSON has it and as people read it: its kind, then its fields by name. */
record EntryView(long position, Hash32 id, String kind, Map<String, Object> fields) {
  /** Longest value in a line for people. */
  private static final int MAX_SHOWN = 60;

  /** Any bytes of a feed; what is no entry is shown as that. */
  static EntryView of(PeerId writer, long position, byte[] bytes) {
    Hash32 id = EntryId.of(writer, bytes);
    try {
      Entry entry = EntryCodec.decode(bytes);
      return new EntryView(position, id, kind(entry), fields((Record) entry));
    } catch (FolkmootException noEntry) {
      return new EntryView(position, id, "unreadable", Map.of("bytes", bytes.length));
    }
  }

  /** "fraud-proof" of {@link Entry.FraudProof}. */
  private static String kind(Entry entry) {
    return entry
        .getClass()
        .getSimpleName()
        .replaceAll("(?<=[a-z])(?=[A-Z])", "-")
        .toLowerCase(Locale.ROOT);
  }

  private static Map<String, Object> fields(Record value) {
    Map<String, Object> fields = new LinkedHashMap<>();
    for (RecordComponent part : value.getClass().getRecordComponents()) {
      try {
        var accessor = part.getAccessor();
        Object field = json(accessor.invoke(value));
        if (field != null) {
          fields.put(part.getName(), field);
        }
      } catch (ReflectiveOperationException impossible) {
        throw new IllegalStateException(impossible);
      }
    }
    return fields;
  }

  private static @Nullable Object json(@Nullable Object value) {
    return switch (value) {
      case Hash32 hash -> hash.hex();
      case PeerId peer -> peer.text();
      case Optional<?> optional -> optional.map(EntryView::json).orElse(null);
      case Enum<?> constant -> constant.name().toLowerCase(Locale.ROOT);
      case Entry.Blob blob -> Map.of("bytes", blob.bytes().length);
      case List<?> list -> {
        List<@Nullable Object> all = new ArrayList<>();
        list.forEach(one -> all.add(json(one)));
        yield all;
      }
      case Entry.Motion motion -> {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("motion", motion.getClass().getSimpleName().toLowerCase(Locale.ROOT));
        fields.putAll(fields((Record) motion));
        yield fields;
      }
      case Record record -> fields(record);
      case null -> null;
      default -> value;
    };
  }

  Map<String, Object> json() {
    Map<String, Object> all = new LinkedHashMap<>();
    all.put("position", position);
    all.put("id", id.hex());
    all.put("kind", kind);
    all.putAll(fields);
    return all;
  }

  /** Its fields in one line. */
  String line() {
    StringBuilder line = new StringBuilder();
    fields.forEach((name, value) -> {
      if (!name.equals("dateMillis")) {
        line.append(line.isEmpty() ? "" : ", ").append(name).append(' ');
        line.append(PlainText.line(String.valueOf(value), MAX_SHOWN));
      }
    });
    return line.toString();
  }
}
