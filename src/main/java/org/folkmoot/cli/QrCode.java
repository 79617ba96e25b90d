package org.folkmoot.cli;

import com.google.zxing.WriterException;
import com.google.zxing.qrcode.decoder.ErrorCorrectionLevel;
import com.google.zxing.qrcode.encoder.ByteMatrix;
import com.google.zxing.qrcode.encoder.Encoder;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** A QR code (ISO/IEC 18004) for the terminal: a character is two modules, one above the other. */
final class QrCode {
  /** The light margin that the standard asks for. */
  private static final int MARGIN = 4;

  private static final String BLACK_ON_WHITE = "\u001b[38;5;16;48;5;231m";
  private static final String RESET = "\u001b[0m";

  private QrCode() {}

  /**
   * The lines of a text's code. It is written in capitals, which take fewer modules: for texts
   * where case means nothing.
   *
   * @param columns what the terminal has
   * @param colour whether black and white may be asked for; else blocks are light, as they are on a
   *     dark terminal, and whoever scans it from a light one needs a reader that takes negatives
   * @return empty if it would be wider than the terminal
   */
  static Optional<List<String>> lines(String text, int columns, boolean colour) {
    ByteMatrix modules;
    try {
      modules = Encoder.encode(text.toUpperCase(Locale.ROOT), ErrorCorrectionLevel.L).getMatrix();
    } catch (WriterException tooLong) {
      return Optional.empty();
    }
    int side = modules.getWidth() + 2 * MARGIN;
    if (side > columns) {
      return Optional.empty();
    }
    List<String> lines = new ArrayList<>();
    for (int y = 0; y < side; y += 2) {
      StringBuilder line = new StringBuilder(colour ? BLACK_ON_WHITE : "");
      for (int x = 0; x < side; x++) {
        boolean upper = dark(modules, x, y) == colour;
        // Below the last row of an odd side there is nothing to draw.
        boolean lower = y + 1 < side ? dark(modules, x, y + 1) == colour : false;
        line.append(upper ? (lower ? '█' : '▀') : lower ? '▄' : ' ');
      }
      lines.add(line.append(colour ? RESET : "").toString());
    }
    return Optional.of(lines);
  }

  private static boolean dark(ByteMatrix modules, int x, int y) {
    int column = x - MARGIN;
    int row = y - MARGIN;
    return column >= 0
        && row >= 0
        && column < modules.getWidth()
        && row < modules.getHeight()
        && modules.get(column, row) == 1;
  }
}
