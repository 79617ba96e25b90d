package org.folkmoot.peer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import org.folkmoot.base.FolkmootException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class JoinedSwarmTest {
  @TempDir Path folder;

  @Test
  void comesBackFromTheDiskOrSaysThatItIsDamaged() throws IOException {
    Path file = folder.resolve("swarm/swarm");
    assertThat(JoinedSwarm.read(file)).isEmpty();
    JoinedSwarm joined =
        new JoinedSwarm(VirtualSwarm.SWARM, "our moot, ö", 17, FakeKeys.id(new Random(1)));
    joined.write(file);
    assertThat(JoinedSwarm.read(file)).contains(joined);
    new JoinedSwarm(joined.swarm(), "a\nswarm b", 17, joined.issuer()).write(file);
    assertThat(JoinedSwarm.read(file).orElseThrow().swarm()).isEqualTo(joined.swarm());
    byte[] whole = Files.readAllBytes(file);
    for (byte[] damaged : new byte[][] {{}, {1, 2, 3}, {(byte) 0xff}, Arrays.copyOf(whole, 60)}) {
      Files.write(file, damaged);
      assertThatThrownBy(() -> JoinedSwarm.read(file))
          .isInstanceOf(FolkmootException.class)
          .hasMessageContaining("join the swarm again");
    }
  }
}
