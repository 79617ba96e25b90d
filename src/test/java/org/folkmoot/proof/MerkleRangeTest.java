package org.folkmoot.proof;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.folkmoot.base.Hash32;
import org.folkmoot.base.MerkleTree;
import org.junit.jupiter.api.Test;

class MerkleRangeTest {
  private static byte[] leaf(int number) {
    return new byte[] {(byte) number, (byte) (number >> 8)};
  }

  private static List<byte[]> leaves(int from, int to) {
    return IntStream.range(from, to).mapToObj(MerkleRangeTest::leaf).toList();
  }

  @Test
  void everyRangeOfEverySizeHashesToTheRoot() {
    for (int size = 1; size <= 40; size++) {
      Hash32 root = MerkleTree.of(leaves(0, size)).root();
      for (int from = 0; from < size; from++) {
        for (int to = from + 1; to <= size; to++) {
          List<Hash32> beside = MerkleRange.beside(MerkleRangeTest::leaf, size, from, to);
          assertThat(MerkleRange.root(size, from, leaves(from, to), beside)).contains(root);
        }
      }
    }
  }

  @Test
  void otherLeavesPlacesAndHashesDoNot() {
    int size = 21;
    Hash32 root = MerkleTree.of(leaves(0, size)).root();
    List<Hash32> beside = MerkleRange.beside(MerkleRangeTest::leaf, size, 5, 9);
    assertThat(MerkleRange.root(size, 5, leaves(6, 10), beside)).isNotEqualTo(root);
    assertThat(MerkleRange.root(size, 6, leaves(5, 9), beside).filter(root::equals)).isEmpty();
    assertThat(MerkleRange.root(size, 5, leaves(5, 9), beside.subList(1, beside.size()))).isEmpty();
    List<Hash32> more = new ArrayList<>(beside);
    more.add(root);
    assertThat(MerkleRange.root(size, 5, leaves(5, 9), more)).isEmpty();
    assertThat(MerkleRange.root(size, 5, List.of(), beside).filter(root::equals)).isEmpty();
  }

  /** Subtrees of a power of two of leaves, the last one smaller, hash to the same root. */
  @Test
  void foldsSubtrees() {
    for (int size = 1; size <= 70; size++) {
      List<Hash32> subtrees = new ArrayList<>();
      for (int from = 0; from < size; from += 8) {
        subtrees.add(MerkleTree.of(leaves(from, Math.min(size, from + 8))).root());
      }
      assertThat(MerkleRange.fold(subtrees)).isEqualTo(MerkleTree.of(leaves(0, size)).root());
    }
  }
}
