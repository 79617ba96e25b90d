package org.folkmoot.wire;

import org.folkmoot.base.Hash32;

/** Which swarm: random bytes that whoever opened it drew. Peers of different swarms do not talk. */
public record SwarmId(Hash32 id) {
  @Override
  public String toString() {
    return id.toString();
  }
}
