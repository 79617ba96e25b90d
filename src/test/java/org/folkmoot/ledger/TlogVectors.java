package org.folkmoot.ledger;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.folkmoot.base.Hash32;
import org.folkmoot.base.MerkleTree;

/**
 * What other implementations make of the same input: Go's checksum database ({@code
 * golang.org/x/mod/sumdb}, v0.43.0) and {@code github.com/transparency-dev/formats} (v0.1.1). The
 * program is {@code bench/tlog/vectors}.
 */
public final class TlogVectors {
  public final JsonNode root;

  public TlogVectors() {
    try (InputStream in = TlogVectors.class.getResourceAsStream("tlog-vectors.json")) {
      root = new ObjectMapper().readTree(in);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Entry n of the log of the vectors. */
  public static byte[] entry(long n) {
    return ("entry " + n).getBytes(StandardCharsets.UTF_8);
  }

  public static Hash32 leaf(long n) {
    return MerkleTree.leafHash(entry(n));
  }

  public static List<Hash32> hashes(JsonNode list) {
    List<Hash32> hashes = new ArrayList<>();
    list.forEach(one -> hashes.add(Hash32.ofHex(one.asText())));
    return hashes;
  }
}
