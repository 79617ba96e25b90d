package org.folkmoot.api;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.folkmoot.base.MerkleTree;
import org.folkmoot.ledger.FeedName;
import org.folkmoot.ledger.FeedPages;
import org.folkmoot.ledger.Head;
import org.folkmoot.ledger.Identities;
import org.folkmoot.ledger.LedgerStore;
import org.folkmoot.ledger.OwnFeed;
import org.folkmoot.ledger.Witness;
import org.folkmoot.ledger.entry.Entry;
import org.folkmoot.ledger.entry.RandomEntries;
import org.folkmoot.ledger.note.SignedNote;
import org.folkmoot.ledger.tile.EntryBundle;
import org.folkmoot.ledger.tile.Tile;
import org.folkmoot.ledger.tile.TileHashes;
import org.folkmoot.ledger.tile.TreeProofs;
import org.folkmoot.peer.Identity;
import org.folkmoot.wire.PeerId;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The ledger over HTTP, read by a client that keeps nothing. */
class LedgerPagesTest {
  private static final int ENTRIES = 700;

  @TempDir Path folder;
  private final Identity self = Identities.of(1);
  private final HttpClient client =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

  private record Pages(LedgerStore store, Witness witness) implements LedgerPages {
    @Override
    public Optional<FeedPages.Page> page(String path) {
      int slash = path.indexOf('/');
      return slash < 0
          ? Optional.empty()
          : FeedPages.find(
              store, PeerId.parse(path.substring(0, slash)), path.substring(slash + 1));
    }

    @Override
    public Witness.Answer addCheckpoint(byte[] request) {
      return witness.addCheckpoint(request);
    }
  }

  private HttpResponse<byte[]> get(ApiServer server, String path) {
    try {
      return client.send(
          HttpRequest.newBuilder(URI.create("http://" + server.address() + path)).build(),
          HttpResponse.BodyHandlers.ofByteArray());
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    } catch (InterruptedException interrupted) {
      throw new AssertionError(interrupted);
    }
  }

  @Test
  void aLightReaderProvesAnEntryFromItsTiles() throws Exception {
    try (LedgerStore store = LedgerStore.open(folder, self)) {
      List<Entry> some = new ArrayList<>();
      RandomEntries random = new RandomEntries(new Random(1));
      for (int i = 0; i < ENTRIES; i++) {
        some.add(random.any());
      }
      new OwnFeed(store, self).append(some);
      Witness witness =
          new Witness(
              store,
              self,
              () -> Instant.ofEpochSecond(1),
              origin -> FeedName.peer(origin).map(FeedName::key),
              _ -> {});
      ApiEnvironment environment = TestServer.environment().with(new Pages(store, witness));
      try (ApiServer server =
          ApiServer.start(
              TestServer.settings(ApiSettings.TurnLimits.ALONE), new FakeProvider(), environment)) {
        String at = "/ledger/" + self.peerId().text() + "/";
        HttpResponse<byte[]> checkpoint = get(server, at + "checkpoint");
        assertThat(checkpoint.statusCode()).isEqualTo(200);
        assertThat(checkpoint.headers().firstValue("content-type"))
            .contains("text/plain; charset=utf-8");
        assertThat(checkpoint.headers().firstValue("cache-control")).contains("no-cache");
        Head head = Head.of(SignedNote.parse(checkpoint.body()));
        assertThat(head.size()).isEqualTo(ENTRIES);
        TileHashes hashes =
            new TileHashes(head.size(), tile -> get(server, at + tile.path()).body());
        for (long position : new long[] {0, 255, 256, 511, 512, 699}) {
          Tile bundle = Tile.in(head.size(), Tile.ENTRIES, position / Tile.WIDTH).orElseThrow();
          byte[] entry =
              EntryBundle.decode(get(server, at + bundle.path()).body(), bundle.width())
                  .get((int) (position % Tile.WIDTH));
          assertThat(
                  MerkleTree.includes(
                      head.root(),
                      head.size(),
                      position,
                      MerkleTree.leafHash(entry),
                      TreeProofs.inclusion(position, head.size(), hashes)))
              .isTrue();
        }
        assertThat(get(server, at + "tile/0/000").headers().firstValue("cache-control"))
            .hasValueSatisfying(value -> assertThat(value).contains("immutable"));
        for (String path :
            List.of(
                at,
                at + "tile/0/002",
                at + "tile/0/002.p/189",
                at + "tile/3/000.p/1",
                at + "..%2fcheckpoint",
                "/ledger/",
                "/ledger/checkpoint")) {
          assertThat(get(server, path).statusCode()).as(path).isIn(400, 404);
        }
        String request = "old 0\n\n" + head.note().note();
        HttpResponse<String> cosigned =
            client.send(
                HttpRequest.newBuilder(
                        URI.create("http://" + server.address() + "/witness/add-checkpoint"))
                    .POST(HttpRequest.BodyPublishers.ofString(request, UTF_8))
                    .build(),
                HttpResponse.BodyHandlers.ofString(UTF_8));
        assertThat(cosigned.statusCode()).isEqualTo(200);
        SignedNote.Line line =
            SignedNote.Line.parse(cosigned.body().substring(0, cosigned.body().length() - 1));
        assertThat(witness.key().verifies(head.note().text(), line)).isTrue();
      }
    }
  }
}
