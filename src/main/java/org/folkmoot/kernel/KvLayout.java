package org.folkmoot.kernel;

import java.lang.foreign.MemorySegment;

/**
 * How keys and values of some layers lie in a page of {@link #POSITIONS} positions: for each layer
 * and KV head the keys in tiles of 16 positions, {@code [tile][dimension][position]} (so that
 * attention scores are {@link FloatKernel#keyDots}), then the values, {@code
 * [position][dimension]}. Dimensions of a tile are in the order in which rule 3 adds its logical
 * lanes up, so that memory is read from one end to the other.
 *
 * <p>An extent is some pages whose blocks for one layer and head lie one after the other: a long
 * past is then read in long pieces, which memory gives three times as fast as short ones. A page of
 * an extent is the memory from its first block to the extent's end; what lies between its blocks is
 * other pages'.
 *
 * @param layers number of layers
 * @param kvHeads KV heads of a layer
 * @param headDim dimensions of a head
 * @param precision how a number is stored
 * @param abreast pages of an extent
 */
public record KvLayout(int layers, int kvHeads, int headDim, Precision precision, int abreast) {
  /** Positions of a page: four fit one chunk of rule 7, and an unfinished page wastes little. */
  public static final int POSITIONS = 64;

  /** How a KV cache stores numbers. Part of the bits: a receipt names it. */
  public enum Precision {
    /** IEEE-754 binary16, rounded to nearest even. */
    F16(2),
    /** IEEE-754 binary32. */
    F32(4);

    private final int bytes;

    Precision(int bytes) {
      this.bytes = bytes;
    }

    /** Bytes of a number. */
    public int bytes() {
      return bytes;
    }
  }

  /** Pages that lie alone. */
  public KvLayout(int layers, int kvHeads, int headDim, Precision precision) {
    this(layers, kvHeads, headDim, precision, 1);
  }

  /** The same in extents of so many pages. */
  public KvLayout abreast(int pages) {
    return new KvLayout(layers, kvHeads, headDim, precision, pages);
  }

  /** Blocks of a page: keys and values of each layer and KV head. */
  private int blocks() {
    return layers * kvHeads * 2;
  }

  /** Bytes of a page. */
  public long pageBytes() {
    return blocks() * headBytes();
  }

  /** Bytes of an extent. */
  public long extentBytes() {
    return pageBytes() * abreast;
  }

  /** A page of an extent. */
  public MemorySegment page(MemorySegment extent, int number) {
    return extent.asSlice(number * headBytes());
  }

  /** The number of a page in its extent. */
  public int number(MemorySegment extent, MemorySegment page) {
    return Math.toIntExact((page.address() - extent.address()) / headBytes());
  }

  /** Copies a page. */
  public void copy(MemorySegment from, MemorySegment to) {
    for (long block = 0; block < blocks(); block++) {
      long at = block * abreast * headBytes();
      MemorySegment.copy(from, at, to, at, headBytes());
    }
  }

  /** Whether a page's blocks lie right behind those of another page of its extent. */
  boolean follows(MemorySegment page, MemorySegment before) {
    return page.address() - before.address() == headBytes()
        && page.byteSize() == before.byteSize() - headBytes();
  }

  /** Bytes of one head's keys (or values) in a page. */
  long headBytes() {
    return (long) POSITIONS * headDim * precision.bytes();
  }

  /** Where in a page one head's keys begin. */
  long keysAt(int layer, int kvHead) {
    return ((long) layer * kvHeads + kvHead) * 2 * abreast * headBytes();
  }

  /** Where in a page one head's values begin. */
  long valuesAt(int layer, int kvHead) {
    return keysAt(layer, kvHead) + abreast * headBytes();
  }

  /** Where in a page a number of a key lies, counted in numbers from the head's first. */
  int keyAt(int slot, int dimension) {
    return slot / 16 * headDim * 16 + row(dimension) * 16 + slot % 16;
  }

  /**
   * A dimension's place in a tile: those of logical lane 0, then 8, 4, 12, 2 and so on, each lane's
   * in order. Where some lanes have more dimensions than others the order is that of the
   * dimensions.
   */
  int row(int dimension) {
    return headDim % 16 == 0
        ? (Integer.reverse(dimension) >>> 28) * (headDim / 16) + dimension / 16
        : dimension;
  }
}
