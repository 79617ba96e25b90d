package org.folkmoot.route;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.folkmoot.base.Hash32;
import org.folkmoot.wire.LayerRange;
import org.folkmoot.wire.ModelId;
import org.folkmoot.wire.Offer;
import org.folkmoot.wire.PeerId;

/** Swarms that a seed draws. */
final class RandomSwarms {
  static final ModelId MODEL = new ModelId(Hash32.of(new byte[32]));

  private RandomSwarms() {}

  static PeerId peer(int number) {
    byte[] key = new byte[Hash32.BYTES];
    key[0] = (byte) (number >> 8);
    key[1] = (byte) number;
    return new PeerId(Hash32.of(key));
  }

  static Offer offer(int layers, LayerRange range, double layersPerSecond) {
    return new Offer(
        MODEL,
        "test:1b",
        layers,
        1000,
        Hash32.of(new byte[32]),
        range,
        (float) layersPerSecond,
        0,
        4096);
  }

  static PeerOffer serving(PeerId peer, int layers, LayerRange range, double layersPerSecond) {
    return new PeerOffer(peer, List.of(), offer(layers, range, layersPerSecond), Measured.NOTHING);
  }

  /** Peers with spans, ways and paces of all kinds; some have been measured. */
  static SwarmView view(Random random, int layers, int peers) {
    List<PeerOffer> offers = new ArrayList<>();
    for (int i = 0; i < peers; i++) {
      int from = random.nextInt(layers);
      int to = from + 1 + random.nextInt(layers - from);
      LayerRange range =
          new LayerRange(
              from == 0 && random.nextInt(4) > 0, from, to, to == layers && random.nextInt(4) > 0);
      double pace = 50 + random.nextInt(2000);
      boolean known = random.nextBoolean();
      Measured measured =
          new Measured(
              random.nextInt(4) > 0 ? random.nextLong(100_000_000) : Measured.UNKNOWN,
              known ? pace * (0.1 + random.nextDouble()) : Measured.UNKNOWN,
              known ? 1e6 + random.nextInt(100_000_000) : Measured.UNKNOWN,
              known ? random.nextLong(10_000_000) : Measured.UNKNOWN,
              random.nextInt(8) == 0 ? random.nextInt(4) : 0,
              random.nextInt(16) == 0);
      offers.add(new PeerOffer(peer(i), List.of(), offer(layers, range, pace), measured));
    }
    return new SwarmView(MODEL, offers);
  }
}
