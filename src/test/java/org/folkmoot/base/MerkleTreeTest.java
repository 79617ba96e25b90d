package org.folkmoot.base;

import static org.assertj.core.api.Assertions.assertThat;

import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class MerkleTreeTest {
  /** The leaves that Certificate Transparency's implementations are tested with (RFC 6962). */
  private static final List<byte[]> LEAVES =
      List.of(
          hex(""),
          hex("00"),
          hex("10"),
          hex("2021"),
          hex("3031"),
          hex("40414243"),
          hex("5051525354555657"),
          hex("606162636465666768696a6b6c6d6e6f"));

  private static final List<String> ROOTS =
      List.of(
          "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
          "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
          "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
          "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
          "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
          "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
          "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
          "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
          "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328");

  private static byte[] hex(String digits) {
    return HexFormat.of().parseHex(digits);
  }

  @Test
  void rootsAreThePublishedOnes() {
    MerkleTree tree = new MerkleTree();
    assertThat(tree.root().hex()).isEqualTo(ROOTS.getFirst());
    for (int i = 0; i < LEAVES.size(); i++) {
      tree.add(LEAVES.get(i));
      assertThat(tree.root().hex()).isEqualTo(ROOTS.get(i + 1));
    }
  }

  @Test
  void leavesCanBeGivenByTheirHashes() {
    MerkleTree tree = new MerkleTree();
    LEAVES.forEach(leaf -> tree.addHash(MerkleTree.leafHash(leaf)));
    assertThat(tree.root()).isEqualTo(MerkleTree.of(LEAVES).root());
    assertThat(tree.inclusionProof(5)).isEqualTo(MerkleTree.of(LEAVES).inclusionProof(5));
  }

  @Test
  void proofsAreThePublishedOnes() {
    assertThat(MerkleTree.of(LEAVES.subList(0, 1)).inclusionProof(0)).isEmpty();
    assertThat(MerkleTree.of(LEAVES).inclusionProof(5))
        .extracting(Hash32::hex)
        .containsExactly(
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7");
    assertThat(MerkleTree.of(LEAVES.subList(0, 5)).inclusionProof(1))
        .extracting(Hash32::hex)
        .containsExactly(
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b");
  }

  @Test
  void growsAndShrinksAsThePlainDefinitionSays() {
    SplittableRandom random = new SplittableRandom(1);
    MerkleTree tree = new MerkleTree();
    List<byte[]> leaves = new ArrayList<>();
    for (int round = 0; round < 60; round++) {
      int keep = random.nextInt(leaves.size() + 1);
      tree.truncate(keep);
      leaves.subList(keep, leaves.size()).clear();
      for (int i = random.nextInt(40); i > 0; i--) {
        byte[] leaf = new byte[random.nextInt(80)];
        random.nextBytes(leaf);
        leaves.add(leaf);
        tree.add(leaf);
      }
      assertThat(tree.size()).isEqualTo(leaves.size());
      assertThat(tree.root().bytes()).isEqualTo(defined(leaves));
    }
  }

  /** MTH of RFC 9162, section 2.1.1, word for word. */
  private static byte[] defined(List<byte[]> leaves) {
    MessageDigest sha256 = Hash32.newSha256();
    if (leaves.isEmpty()) {
      return sha256.digest();
    }
    if (leaves.size() == 1) {
      sha256.update((byte) 0);
      return sha256.digest(leaves.getFirst());
    }
    int k = 1;
    while (2 * k < leaves.size()) {
      k *= 2;
    }
    byte[] left = defined(leaves.subList(0, k));
    byte[] right = defined(leaves.subList(k, leaves.size()));
    sha256.update((byte) 1);
    sha256.update(left);
    return sha256.digest(right);
  }

  @Test
  void everyLeafIsProvedAndNothingElse() {
    for (int size = 1; size <= 33; size++) {
      List<byte[]> leaves = new ArrayList<>();
      for (int i = 0; i < size; i++) {
        leaves.add(new byte[] {(byte) i});
      }
      MerkleTree tree = MerkleTree.of(leaves);
      Hash32 root = tree.root();
      for (int leaf = 0; leaf < size; leaf++) {
        List<Hash32> proof = tree.inclusionProof(leaf);
        assertThat(MerkleTree.includes(root, size, leaf, leaves.get(leaf), proof)).isTrue();
        refuses(root, size, leaf, leaves.get(leaf), proof);
      }
    }
  }

  private static void refuses(Hash32 root, int size, int leaf, byte[] data, List<Hash32> proof) {
    byte[] other = {(byte) (data[0] + 1)};
    assertThat(MerkleTree.includes(root, size, leaf, other, proof)).isFalse();
    assertThat(MerkleTree.includes(root, size, leaf + 1, data, proof)).isFalse();
    assertThat(MerkleTree.includes(root, size, -1, data, proof)).isFalse();
    List<Hash32> longer = new ArrayList<>(proof);
    longer.add(root);
    assertThat(MerkleTree.includes(root, size, leaf, data, longer)).isFalse();
    for (int i = 0; i < proof.size(); i++) {
      List<Hash32> changed = new ArrayList<>(proof);
      changed.set(i, Hash32.sha256(proof.get(i).bytes()));
      assertThat(MerkleTree.includes(root, size, leaf, data, changed)).isFalse();
      changed.remove(i);
      assertThat(MerkleTree.includes(root, size, leaf, data, changed)).isFalse();
    }
  }
}
