package org.folkmoot.ledger.tile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.base.Hash32;
import org.folkmoot.base.MerkleTree;
import org.folkmoot.ledger.TlogVectors;
import org.junit.jupiter.api.Test;

class TileTest {
  private static final long SIZE = 70_000;

  private final TlogVectors vectors = new TlogVectors();
  private final Map<Tile, byte[]> tiles = new HashMap<>();
  private final TileBuilder builder = new TileBuilder();

  private void grow(long size) {
    while (builder.size() < size) {
      builder.add(TlogVectors.leaf(builder.size()));
    }
    builder
        .takeChanged()
        .forEach((tile, bytes) -> {
          tiles
              .keySet()
              .removeIf(old -> old.level() == tile.level() && old.number() == tile.number());
          tiles.put(tile, bytes);
        });
  }

  private byte[] read(Tile tile) {
    byte[] bytes = tiles.get(tile);
    if (bytes == null) {
      throw new AssertionError("no tile " + tile.path());
    }
    return bytes;
  }

  @Test
  void rootsProofsAndTilesAreThoseOfGo() {
    JsonNode roots = vectors.root.get("roots");
    List<Integer> sizes = new ArrayList<>();
    roots.fieldNames().forEachRemaining(size -> sizes.add(Integer.parseInt(size)));
    sizes.sort(null);
    for (int size : sizes) {
      grow(size);
      Hash32 root = Hash32.ofHex(roots.get(String.valueOf(size)).asText());
      assertThat(builder.root()).as("root of %d", size).isEqualTo(root);
      TileHashes hashes = new TileHashes(size, this::read);
      assertThat(TreeProofs.root(size, hashes)).isEqualTo(root);
      for (JsonNode proof : vectors.root.get("inclusion")) {
        if (proof.get("Size").asInt() == size) {
          long leaf = proof.get("Leaf").asLong();
          List<Hash32> wanted = TlogVectors.hashes(proof.get("Hashes"));
          assertThat(TreeProofs.inclusion(leaf, size, hashes)).isEqualTo(wanted);
          assertThat(MerkleTree.includes(root, size, leaf, TlogVectors.leaf(leaf), wanted))
              .isTrue();
        }
      }
      for (JsonNode proof : vectors.root.get("consistency")) {
        if (proof.get("Large").asInt() == size) {
          long smaller = proof.get("Small").asLong();
          List<Hash32> wanted = TlogVectors.hashes(proof.get("Hashes"));
          assertThat(TreeProofs.consistency(smaller, size, hashes)).isEqualTo(wanted);
          Hash32 old = TreeProofs.root(smaller, hashes);
          assertThat(MerkleTree.consistent(smaller, old, size, root, wanted)).isTrue();
        }
      }
    }
    vectors
        .root
        .get("tiles")
        .properties()
        .forEach(tile ->
            assertThat(Hash32.sha256(read(Tile.parse(tile.getKey()).orElseThrow())).hex())
                .as(tile.getKey())
                .isEqualTo(tile.getValue().asText()));
    assertThat(builder.size()).isEqualTo(SIZE);
  }

  @Test
  void pathsAreThoseOfGo() {
    vectors
        .root
        .get("paths")
        .properties()
        .forEach(path -> {
          Tile tile = new Tile(0, path.getValue().asLong(), Tile.WIDTH);
          assertThat(tile.path()).isEqualTo(path.getKey());
          assertThat(Tile.parse(path.getKey())).contains(tile);
        });
    assertThat(new Tile(Tile.ENTRIES, 1_234_067, 7).path())
        .isEqualTo("tile/entries/x001/x234/067.p/7");
  }

  @Test
  void aPathIsOneTileOrNone() {
    for (String path :
        List.of(
            "",
            "tile/0/0",
            "tile/00/000",
            "tile/8/000",
            "tile/0/x000/000",
            "tile/0/1000",
            "tile/0/000.p/0",
            "tile/0/000.p/01",
            "tile/0/000.p/256",
            "tile/0/000.p/1/",
            "tile/-1/000",
            "tile/0/x999/x999/x999/x999/999",
            "tile/0/../checkpoint",
            "tile/0/٠٠٠")) {
      assertThat(Tile.parse(path)).as(path).isEmpty();
    }
  }

  /** Every pair of sizes, and every proof with something wrong. */
  @Test
  void consistencyOfSmallTreesAgainstTheWholeTree() {
    int most = 70;
    grow(most);
    List<Hash32> roots = new ArrayList<>();
    MerkleTree oracle = new MerkleTree();
    roots.add(oracle.root());
    for (int i = 0; i < most; i++) {
      oracle.add(TlogVectors.entry(i));
      roots.add(oracle.root());
    }
    TileHashes hashes = new TileHashes(most, this::read);
    Hash32 other = Hash32.sha256(new byte[] {1});
    for (int large = 0; large <= most; large++) {
      assertThat(TreeProofs.root(large, hashes)).isEqualTo(roots.get(large));
      for (int small = 0; small <= large; small++) {
        List<Hash32> proof = TreeProofs.consistency(small, large, hashes);
        Hash32 from = roots.get(small);
        Hash32 to = roots.get(large);
        assertThat(MerkleTree.consistent(small, from, large, to, proof)).isTrue();
        assertThat(MerkleTree.consistent(small, other, large, to, proof)).isFalse();
        assertThat(MerkleTree.consistent(small, from, large, other, proof) && small > 0).isFalse();
        List<Hash32> longer = new ArrayList<>(proof);
        longer.add(other);
        assertThat(MerkleTree.consistent(small, from, large, to, longer)).isFalse();
        for (int i = 0; i < proof.size(); i++) {
          List<Hash32> changed = new ArrayList<>(proof);
          changed.set(i, other);
          assertThat(MerkleTree.consistent(small, from, large, to, changed)).isFalse();
          changed.remove(i);
          assertThat(MerkleTree.consistent(small, from, large, to, changed)).isFalse();
        }
        if (small < large && small > 0) {
          assertThat(MerkleTree.consistent(large, to, small, from, proof)).isFalse();
        }
      }
    }
  }

  @Test
  void aBuilderGoesOnFromItsTiles() {
    SplittableRandom random = new SplittableRandom(7);
    grow(1);
    while (builder.size() < 140_000) {
      long before = builder.size();
      grow(before + 1 + random.nextInt(20_000));
      TileBuilder again = new TileBuilder(builder.size(), this::read);
      assertThat(again.root()).isEqualTo(builder.root());
      again.add(TlogVectors.leaf(builder.size()));
      TileBuilder copy = builder.copy();
      copy.add(TlogVectors.leaf(builder.size()));
      assertThat(again.root()).isEqualTo(copy.root()).isNotEqualTo(builder.root());
    }
  }

  @Test
  void bundlesHoldWhatWasPutIn() {
    List<byte[]> entries = List.of(new byte[0], new byte[] {1, 2}, new byte[EntryBundle.MAX_ENTRY]);
    byte[] bundle = EntryBundle.encode(entries);
    assertThat(EntryBundle.decode(bundle, 3)).containsExactlyElementsOf(entries);
    for (int count : new int[] {2, 4}) {
      assertThatThrownBy(() -> EntryBundle.decode(bundle, count))
          .isInstanceOf(FolkmootException.class);
    }
  }
}
