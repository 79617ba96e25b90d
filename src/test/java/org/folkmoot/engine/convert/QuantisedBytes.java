package org.folkmoot.engine.convert;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.SplittableRandom;
import org.folkmoot.engine.gguf.GgufFile;
import org.folkmoot.kernel.Quantiser;
import org.folkmoot.kernel.TensorType;
import org.folkmoot.kernel.WorkerPool;

/** What the quantiser gives, as hashes that must be the same on every machine. */
public final class QuantisedBytes {
  private static final int ROWS = 3;

  private QuantisedBytes() {}

  /**
   * SHA-256 over rows of 256 weights in one format after the other: common ones, ones of all
   * magnitudes, and equal ones.
   */
  public static String everyFormat() {
    MessageDigest digest = sha256();
    float[] rows = weights();
    for (TensorType type : TensorType.values()) {
      if (type == TensorType.MXFP4) {
        continue; // nothing is quantised to it
      }
      byte[] blocks = new byte[Math.toIntExact(type.rowBytes(rows.length))];
      Quantiser.row(type, rows, 0, rows.length, blocks, 0);
      digest.update(blocks);
    }
    return HexFormat.of().formatHex(digest.digest());
  }

  private static float[] weights() {
    SplittableRandom random = new SplittableRandom(17);
    float[] weights = new float[256 * ROWS];
    for (int i = 0; i < 256; i++) {
      weights[i] = (float) random.nextDouble(-1, 1);
      weights[256 + i] = Math.scalb((float) (random.nextDouble() - 0.5), random.nextInt(-30, 10));
      weights[512 + i] = i < 128 ? 0.1f : -0.3f;
    }
    return weights;
  }

  /** SHA-256 of the file that a recipe makes of another one. */
  public static String ofFile(Path floats, Recipe recipe, int threads) {
    Path out =
        floats.resolveSibling("%s-%s-%d.gguf".formatted(floats.getFileName(), recipe, threads));
    try (GgufFile file = GgufFile.open(floats);
        WorkerPool pool = new WorkerPool(threads)) {
      GgufQuantiser.write(file, out, recipe, pool, _ -> {});
      return HexFormat.of().formatHex(sha256().digest(Files.readAllBytes(out)));
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException impossible) {
      throw new IllegalStateException(impossible);
    }
  }
}
