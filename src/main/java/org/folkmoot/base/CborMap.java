package org.folkmoot.base;

import static org.folkmoot.base.FolkmootException.Code.BAD_FILE;

import com.upokecenter.cbor.CBOREncodeOptions;
import com.upokecenter.cbor.CBORObject;
import com.upokecenter.cbor.CBORType;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/**
 * A map of CBOR (RFC 8949) with small numbers as keys, in CTAP2's canonical form: what receipts and
 * the ledger's entries are made of. Reading checks kinds and bounds; each fault is a BAD_FILE.
 */
public final class CborMap {
  private static final CBOREncodeOptions CANONICAL = new CBOREncodeOptions("ctap2canonical=true");

  private final CBORObject map;

  private CborMap(CBORObject map) {
    this.map = map;
  }

  /** An empty map. */
  public static CborMap empty() {
    return new CborMap(CBORObject.NewMap());
  }

  /**
   * Reads a stranger's bytes.
   *
   * @param most bytes that are looked at
   */
  public static CborMap decode(byte[] bytes, int most) {
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

  /** The canonical bytes. */
  public byte[] encode() {
    return map.EncodeToBytes(CANONICAL);
  }

  /** Refuses what does not hold, as a BAD_FILE. */
  public static void require(boolean holds, String what) {
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

  /** Sets a whole number. */
  public CborMap put(int key, long value) {
    map.set(CBORObject.FromObject(key), CBORObject.FromObject(value));
    return this;
  }

  /** Sets a byte string. */
  public CborMap put(int key, byte[] value) {
    map.set(CBORObject.FromObject(key), CBORObject.FromObject(value));
    return this;
  }

  /** Sets a text. */
  public CborMap put(int key, String value) {
    map.set(CBORObject.FromObject(key), CBORObject.FromObject(value));
    return this;
  }

  /** Sets the 32 bytes of a hash or a key. */
  public CborMap put(int key, Hash32 value) {
    return put(key, value.bytes());
  }

  /** Sets a map. */
  public CborMap put(int key, CborMap value) {
    map.set(CBORObject.FromObject(key), value.map);
    return this;
  }

  /** Leaves the field out where there is none. */
  public CborMap put(int key, Optional<Hash32> value) {
    value.ifPresent(hash -> put(key, hash));
    return this;
  }

  /** Leaves the field out where it has the value that is meant without it. */
  public CborMap putUnless(long usual, int key, long value) {
    return value == usual ? this : put(key, value);
  }

  /** Leaves the field out where the list is empty. */
  public <T> CborMap putList(int key, List<T> values, Function<T, CborMap> each) {
    return putAll(key, values.stream().map(one -> each.apply(one).map).toList());
  }

  /** Leaves the field out where the list is empty. */
  public CborMap putHashes(int key, List<Hash32> values) {
    return putAll(key, values.stream().map(hash -> CBORObject.FromObject(hash.bytes())).toList());
  }

  /** Leaves the field out where the list is empty. */
  public CborMap putNumbers(int key, List<Long> values) {
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

  /** Whether there is such a field. */
  public boolean has(int key) {
    return find(key).isPresent();
  }

  /** A whole number of 64 bits. */
  public long number(int key) {
    return number(field(key, CBORType.Integer));
  }

  private static long number(CBORObject value) {
    require(typed(value, CBORType.Integer).CanValueFitInInt64(), "a number is too large");
    return value.AsInt64Value();
  }

  /** A whole number within bounds. */
  public int number(int key, int least, int most) {
    long value = number(key);
    require(value >= least && value <= most, "the field " + key + " is out of bounds");
    return (int) value;
  }

  /** A number that may be left out. */
  public int number(int key, int least, int most, int usual) {
    return has(key) ? number(key, least, most) : usual;
  }

  /** A float by the bits of its binary32, or what is meant where it is left out. */
  public float bits(int key, float usual) {
    if (!has(key)) {
      return usual;
    }
    long value = number(key);
    require(value >= 0 && value <= 0xffff_ffffL, "the field " + key + " is no binary32");
    return Float.intBitsToFloat((int) value);
  }

  /** A byte string of a bounded length. */
  public byte[] bytes(int key, int least, int most) {
    byte[] value = field(key, CBORType.ByteString).GetByteString();
    require(
        value.length >= least && value.length <= most, "the field " + key + " has a wrong length");
    return value;
  }

  /** 32 bytes. */
  public Hash32 hash(int key) {
    return Hash32.of(bytes(key, Hash32.BYTES, Hash32.BYTES));
  }

  /** 32 bytes that may be left out. */
  public Optional<Hash32> optionalHash(int key) {
    return has(key) ? Optional.of(hash(key)) : Optional.empty();
  }

  /** A text of a bounded number of UTF-16 units. */
  public String text(int key, int most) {
    String value = field(key, CBORType.TextString).AsString();
    require(value.length() <= most, "the field " + key + " is too long");
    return value;
  }

  /** A map. */
  public CborMap map(int key) {
    return new CborMap(field(key, CBORType.Map));
  }

  /** A list of maps; none where it is left out. */
  public <T> List<T> list(int key, int most, Function<CborMap, T> each) {
    return elements(key, most, one -> each.apply(new CborMap(typed(one, CBORType.Map))));
  }

  /** A list of hashes; none where it is left out. */
  public List<Hash32> hashes(int key, int most) {
    return elements(
        key,
        most,
        one -> {
          byte[] bytes = typed(one, CBORType.ByteString).GetByteString();
          require(bytes.length == Hash32.BYTES, "a hash has 32 bytes");
          return Hash32.of(bytes);
        });
  }

  /** A list of whole numbers; none where it is left out. */
  public List<Long> numbers(int key, int most) {
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
