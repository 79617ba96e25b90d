package org.folkmoot.cli.swarm;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.Optional;
import java.util.Random;
import org.folkmoot.base.Hash32;
import org.folkmoot.peer.Identity;
import org.folkmoot.peer.JoinedSwarm;
import org.folkmoot.wire.SwarmId;

/** A node on this machine, of a swarm that only tests join. */
final class TestNode {
  private TestNode() {}

  /** Starts one that listens on loopback; port 0 is any free one. */
  static SwarmNode start(Path home, Identity identity, int port) {
    return SwarmNode.start(
        new SwarmNode.Settings(
            new SwarmFolder(home),
            identity,
            new JoinedSwarm(
                new SwarmId(Hash32.sha256(new byte[] {1})), "test", 0, identity.peerId()),
            Optional.of(new InetSocketAddress(InetAddress.getLoopbackAddress(), port)),
            Optional.empty(),
            false,
            _ -> Optional.empty(),
            "test",
            InstantSource.system(),
            System::nanoTime,
            new Random(1),
            defect -> {
              throw new AssertionError(defect);
            }));
  }
}
