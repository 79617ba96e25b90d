package org.folkmoot.cli.swarm;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.folkmoot.base.Hash32;
import org.folkmoot.peer.SilentNetwork;
import org.folkmoot.session.PeerScores;
import org.folkmoot.wire.Announcement;
import org.folkmoot.wire.LayerRange;
import org.folkmoot.wire.ModelId;
import org.folkmoot.wire.Offer;
import org.folkmoot.wire.PeerId;
import org.folkmoot.wire.SwarmId;
import org.junit.jupiter.api.Test;

/** What a name means where peers may call anything by it. */
class KnownModelsTest {
  private static final String NAME = "smollm2:135m";
  private static final PeerId SELF = new PeerId(hash(99));
  private static final ModelId REAL = model(1);

  /** Greater than the real one by every order. */
  private static final ModelId FALSE = model(255);

  private final List<Announcement> announcements = new ArrayList<>();
  private final KnownModels known =
      new KnownModels(SELF, () -> announcements, new PeerScores(new SilentNetwork(SELF)));

  private static Hash32 hash(int number) {
    byte[] bytes = new byte[Hash32.BYTES];
    bytes[0] = (byte) number;
    return Hash32.of(bytes);
  }

  private static ModelId model(int number) {
    return new ModelId(hash(number));
  }

  private void announce(int peer, ModelId model, int layers, LayerRange range) {
    Offer offer = new Offer(model, NAME, layers, 0, hash(0), range, 100, 0, 1000);
    announcements.add(
        new Announcement(
            new SwarmId(hash(0)),
            new PeerId(hash(peer)),
            1,
            240,
            List.of(),
            List.of(offer),
            Optional.empty()));
  }

  private Optional<ModelId> named(String name, Optional<String> sha256) {
    return known.named(new ModelWish(name, sha256)).map(Offer::model);
  }

  @Test
  void aNameThatThisMachineKnowsIsItsFileWhateverOthersCallSo() {
    announce(1, FALSE, 4, LayerRange.whole(4));
    announce(2, FALSE, 4, LayerRange.whole(4));
    assertThat(named(NAME, Optional.of(REAL.sha256().hex()))).isEmpty();
    announce(3, REAL, 4, new LayerRange(true, 0, 2, false));
    assertThat(named(NAME, Optional.of(REAL.sha256().hex()))).contains(REAL);
  }

  @Test
  void aSinglePeerDoesNotTakeANameFromTheOthers() {
    announce(1, REAL, 4, new LayerRange(true, 0, 2, false));
    announce(2, REAL, 4, new LayerRange(false, 2, 4, true));
    announce(3, FALSE, 4, LayerRange.whole(4));
    assertThat(named(NAME, Optional.empty())).contains(REAL);
    assertThat(named("smollm2", Optional.empty())).contains(REAL);
  }

  @Test
  void whatIsWholeGoesBeforeWhatManyServeInPart() {
    announce(1, REAL, 4, LayerRange.whole(4));
    announce(2, FALSE, 4, new LayerRange(true, 0, 2, false));
    announce(3, FALSE, 4, new LayerRange(true, 0, 2, false));
    assertThat(named(NAME, Optional.empty())).contains(REAL);
  }

  @Test
  void whatThisNodeServesIsWhatItMeans() {
    announce(1, FALSE, 4, LayerRange.whole(4));
    announce(2, FALSE, 4, LayerRange.whole(4));
    announce(99, REAL, 4, new LayerRange(true, 0, 2, false));
    assertThat(named(NAME, Optional.empty())).contains(REAL);
  }

  @Test
  void aPeerThatLiesAboutTheLayersOfAModelIsOutvoted() {
    announce(1, REAL, 1, LayerRange.whole(1));
    announce(2, REAL, 4, LayerRange.whole(4));
    announce(3, REAL, 4, LayerRange.whole(4));
    assertThat(known.named(new ModelWish(NAME, Optional.empty())).map(Offer::modelLayers))
        .contains(4);
  }

  @Test
  void aHashIsAName() {
    announce(1, REAL, 4, LayerRange.whole(4));
    assertThat(named(REAL.sha256().hex(), Optional.empty())).contains(REAL);
    assertThat(named("other", Optional.empty())).isEmpty();
  }
}
