package org.folkmoot.proof;

import static org.folkmoot.base.FolkmootException.Code.BAD_FILE;

import com.upokecenter.cbor.CBOREncodeOptions;
import com.upokecenter.cbor.CBORObject;
import com.upokecenter.cbor.CBORType;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.base.Hash32;

/**
 * A map of CBOR (RFC 8949) with small numbers as keys, in CTAP2's canonical form: what all files of
 * this package are made of. Reading checks kinds and bounds; each fault is a BAD_FILE.
 */
final class CborMap {
  private static final CBOREncodeOptions CANONICAL = new CBOREncodeOptions("ctap2canonical=true");

  private final CBORObject map;

  private CborMap(CBORObject map) {
    this.map = map;
  }

  /** An empty map. */
  static CborMap empty() {
    return new CborMap(CBORObject.NewMap());
  }

  /**
   * Reads a stranger's bytes.
   *
   * @param most bytes that are looked at
   */
  static CborMap decode(byte[] bytes, int most) {
    require(bytes.length <= most, "it is longer than " + most + " bytes");
    CBORObject read;
    try {
      read = CBORObject.DecodeFromBytes(bytes, CANONICAL);
    } catch (RuntimeException malformed) {
      // The library's own exception and, for some inputs, others.
      throw new FolkmootException(BAD_FILE, "it is no canonical CBOR", malformed);
    }
    return new CborMap(typed(read, CBORType.Map));
  }

  byte[] encode() {
    return map.EncodeToBytes(CANONICAL);
  }

  static void require(boolean holds, String what) {
    if (!holds) {
      throw new FolkmootException(BAD_FILE, what);
    }
  }

  private static CBORObject typed(CBORObject value, CBORType type) {
    require(value != null && value.getType() == type && !value.isTagged(), "a field is no " + type);
    return value;
  }

  private Optional<CBORObject> find(int key) {
    CBORObject name = CBORObject.FromObject(key);
    return map.ContainsKey(name) ? Optional.of(map.get(name)) : Optional.empty();
  }

  private CBORObject field(int key, CBORType type) {
    return typed(
        find(key)
            .orElseThrow(() -> new FolkmootException(BAD_FILE, "the field " + key + " is missing")),
        type);
  }

  // ---- writing

  CborMap put(int key, long value) {
    map.set(CBORObject.FromObject(key), CBORObject.FromObject(value));
    return this;
  }

  CborMap put(int key, byte[] value) {
    map.set(CBORObject.FromObject(key), CBORObject.FromObject(value));
    return this;
  }

  CborMap put(int key, String value) {
    map.set(CBORObject.FromObject(key), CBORObject.FromObject(value));
    return this;
  }

  CborMap put(int key, Hash32 value) {
    return put(key, value.bytes());
  }

  CborMap put(int key, CborMap value) {
    map.set(CBORObject.FromObject(key), value.map);
    return this;
  }

  /** Leaves the field out where there is none. */
  CborMap put(int key, Optional<Hash32> value) {
    value.ifPresent(hash -> put(key, hash));
    return this;
  }

  /** Leaves the field out where it has the value that is meant without it. */
  CborMap putUnless(long usual, int key, long value) {
    return value == usual ? this : put(key, value);
  }

  /** Leaves the field out where the list is empty. */
  <T> CborMap putList(int key, List<T> values, Function<T, CborMap> each) {
    return putAll(key, values.stream().map(one -> each.apply(one).map).toList());
  }

  /** Leaves the field out where the list is empty. */
  CborMap putHashes(int key, List<Hash32> values) {
    return putAll(key, values.stream().map(hash -> CBORObject.FromObject(hash.bytes())).toList());
  }

  /** Leaves the field out where the list is empty. */
  CborMap putNumbers(int key, List<Long> values) {
    return putAll(key, values.stream().map(CBORObject::FromObject).toList());
  }

  private CborMap putAll(int key, List<CBORObject> values) {
    if (!values.isEmpty()) {
      CBORObject array = CBORObject.NewArray();
      values.forEach(array::Add);
      map.set(CBORObject.FromObject(key), array);
    }
    return this;
  }

  // ---- reading

  boolean has(int key) {
    return find(key).isPresent();
  }

  long number(int key) {
    return number(field(key, CBORType.Integer));
  }

  private static long number(CBORObject value) {
    require(typed(value, CBORType.Integer).CanValueFitInInt64(), "a number is too large");
    return value.AsInt64Value();
  }

  int number(int key, int least, int most) {
    long value = number(key);
    require(value >= least && value <= most, "the field " + key + " is out of bounds");
    return (int) value;
  }

  /** A number that may be left out. */
  int number(int key, int least, int most, int usual) {
    return has(key) ? number(key, least, most) : usual;
  }

  /** A float by the bits of its binary32, or what is meant where it is left out. */
  float bits(int key, float usual) {
    if (!has(key)) {
      return usual;
    }
    long value = number(key);
    require(value >= 0 && value <= 0xffff_ffffL, "the field " + key + " is no binary32");
    return Float.intBitsToFloat((int) value);
  }

  byte[] bytes(int key, int least, int most) {
    byte[] value = field(key, CBORType.ByteString).GetByteString();
    require(
        value.length >= least && value.length <= most, "the field " + key + " has a wrong length");
    return value;
  }

  Hash32 hash(int key) {
    return Hash32.of(bytes(key, Hash32.BYTES, Hash32.BYTES));
  }

  Optional<Hash32> optionalHash(int key) {
    return has(key) ? Optional.of(hash(key)) : Optional.empty();
  }

  String text(int key, int most) {
    String value = field(key, CBORType.TextString).AsString();
    require(value.length() <= most, "the field " + key + " is too long");
    return value;
  }

  CborMap map(int key) {
    return new CborMap(field(key, CBORType.Map));
  }

  <T> List<T> list(int key, int most, Function<CborMap, T> each) {
    return elements(key, most, one -> each.apply(new CborMap(typed(one, CBORType.Map))));
  }

  List<Hash32> hashes(int key, int most) {
    return elements(
        key,
        most,
        one -> {
          byte[] bytes = typed(one, CBORType.ByteString).GetByteString();
          require(bytes.length == Hash32.BYTES, "a hash has 32 bytes");
          return Hash32.of(bytes);
        });
  }

  List<Long> numbers(int key, int most) {
    return elements(key, most, CborMap::number);
  }

  private <T> List<T> elements(int key, int most, Function<CBORObject, T> each) {
    if (!has(key)) {
      return List.of();
    }
    CBORObject array = field(key, CBORType.Array);
    require(array.size() <= most, "the field " + key + " has too many entries");
    List<T> values = new ArrayList<>();
    for (int i = 0; i < array.size(); i++) {
      values.add(each.apply(array.get(i)));
    }
    return values;
  }
}
