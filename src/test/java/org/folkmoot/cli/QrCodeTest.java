package org.folkmoot.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.zxing.ChecksumException;
import com.google.zxing.FormatException;
import com.google.zxing.common.BitMatrix;
import com.google.zxing.qrcode.decoder.Decoder;
import java.util.List;
import org.junit.jupiter.api.Test;

class QrCodeTest {
  private static final String LINK = "folkmoot://join/" + "a2b3c4d5e6".repeat(60);

  @Test
  void canBeReadFromTheTerminal() throws ChecksumException, FormatException {
    for (String text : List.of(LINK, LINK.substring(0, 200), "folkmoot://join/ae")) {
      for (boolean colour : new boolean[] {true, false}) {
        List<String> lines = QrCode.lines(text, 80, colour).orElseThrow();
        assertThat(read(lines, colour)).isEqualToIgnoringCase(text);
      }
    }
  }

  @Test
  void fitsATerminalOrIsNotThere() {
    List<String> lines = QrCode.lines(LINK, 80, false).orElseThrow();
    assertThat(lines).allMatch(line -> line.length() == 77).hasSize(39);
    assertThat(QrCode.lines(LINK, 76, false)).isEmpty();
    assertThat(QrCode.lines("a".repeat(10_000), 1000, false)).isEmpty();
  }

  /** What a camera would see, without its margin. */
  private static String read(List<String> lines, boolean colour)
      throws ChecksumException, FormatException {
    List<String> plain =
        lines.stream().map(line -> line.replaceAll("\u001b\\[[0-9;]*m", "")).toList();
    int side = plain.getFirst().length() - 8;
    BitMatrix dark = new BitMatrix(side);
    for (int y = 0; y < side; y++) {
      for (int x = 0; x < side; x++) {
        char c = plain.get((y + 4) / 2).charAt(x + 4);
        boolean block = c == '█' || c == (y % 2 == 0 ? '▀' : '▄');
        if (block == colour) {
          dark.set(x, y);
        }
      }
    }
    return new Decoder().decode(dark).getText();
  }
}
