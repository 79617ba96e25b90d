package org.folkmoot.cli;

import java.math.BigDecimal;
import java.nio.file.Files;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.base.Hash32;
import org.folkmoot.ledger.Feed;
import org.folkmoot.ledger.LedgerStore;
import org.folkmoot.ledger.entry.Entry;
import org.folkmoot.ledger.entry.EntryCodec;
import org.folkmoot.ledger.provenance.ModelManifest;
import org.folkmoot.ledger.provenance.ModelManifest.Adoption;
import org.folkmoot.ledger.provenance.ModelManifest.Evaluation;
import org.folkmoot.ledger.provenance.ModelManifest.Origin;
import org.folkmoot.moot.Moot;
import org.folkmoot.moot.MootFeeds;
import org.folkmoot.moot.MootRecord;
import org.folkmoot.wire.PeerId;

/**
 * What the feeds of this home say of a model: what it was made of and from, and how it did. Each
 * member says so for itself; who is named with it.
 */
final class LedgerEvidence {
  /** Of each feed, the latest: a person waits for this. */
  private static final int MAX_READ = 20_000;

  private static final int BATCH = 1000;

  private final Hash32 model;
  private final List<Origin> base = new ArrayList<>();
  private final List<Hash32> datasets = new ArrayList<>();
  private final Map<Hash32, Origin> known = new HashMap<>();
  private final List<Evaluation> evaluations = new ArrayList<>();
  private Optional<Hash32> recipe = Optional.empty();

  private LedgerEvidence(Hash32 model) {
    this.model = model;
  }

  /** The manifest with what the ledger adds; the same where there is no ledger. */
  static ModelManifest add(Surroundings surroundings, ModelManifest manifest, String sha256) {
    LedgerHome home = new LedgerHome(surroundings);
    if (!Files.isDirectory(home.folder())) {
      return manifest;
    }
    LedgerEvidence evidence = new LedgerEvidence(Hash32.ofHex(sha256));
    try (LedgerStore store = home.open(home.identity())) {
      for (Feed feed : store.feeds()) {
        evidence.read(store, feed);
      }
      long now = Math.floorDiv(surroundings.clock().millis(), 1000L);
      return evidence.added(manifest).adoptedBy(evidence.adoptions(MootFeeds.read(store), now));
    }
  }

  /** By which votes of which moots the model was adopted: as this home counts them. */
  private List<Adoption> adoptions(MootRecord record, long now) {
    List<Adoption> all = new ArrayList<>();
    for (MootRecord.Written charter : Moot.charters(record)) {
      Moot moot = Moot.of(record, charter.id(), now);
      for (Moot.Decision decision : moot.decisions()) {
        if (decision.motion() instanceof Entry.Motion.Adopt adopt && adopt.sha256().equals(model)) {
          all.add(
              new Adoption(
                  name(moot.name()),
                  decision.proposal().id().hex(),
                  Instant.ofEpochSecond(decision.seconds()).toString()));
        }
      }
    }
    return all;
  }

  private void read(LedgerStore store, Feed feed) {
    long from = Math.max(0, feed.size() - MAX_READ);
    while (from < feed.size()) {
      List<byte[]> entries = store.entries(feed.peer(), from, BATCH);
      if (entries.isEmpty()) {
        return;
      }
      for (byte[] entry : entries) {
        decoded(entry).ifPresent(one -> take(feed.peer(), one));
      }
      from += entries.size();
    }
  }

  private static Optional<Entry> decoded(byte[] bytes) {
    try {
      return Optional.of(EntryCodec.decode(bytes));
    } catch (FolkmootException damaged) {
      return Optional.empty(); // for 'ledger fsck' to tell of
    }
  }

  private void take(PeerId member, Entry entry) {
    if (entry instanceof Entry.Model one) {
      known.put(
          one.sha256(),
          new Origin(name(one.name()), one.sha256().hex(), one.source(), one.licence()));
      if (one.sha256().equals(model)) {
        one.base().ifPresent(this::madeOf);
      }
    } else if (entry instanceof Entry.Dataset one) {
      known.put(
          one.manifest(),
          new Origin(name(one.name()), one.manifest().hex(), one.source(), one.licence()));
    } else if (entry instanceof Entry.Adapter one && one.sha256().equals(model)) {
      madeOf(one.base());
      one.datasets().stream().filter(each -> !datasets.contains(each)).forEach(datasets::add);
      recipe = one.recipe().or(() -> recipe);
    } else if (entry instanceof Entry.Evaluation one
        && one.subject().equals(model)
        && evaluations.size() < ModelManifest.MAX_ITEMS) {
      String suite = name(one.suite()) + " (by " + member + ")";
      for (Entry.Score score : one.scores()) {
        String value =
            BigDecimal.valueOf(score.millionths(), 6).stripTrailingZeros().toPlainString();
        evaluations.add(new Evaluation(suite, name(score.name()), value));
      }
    }
  }

  private void madeOf(Hash32 other) {
    Origin origin = new Origin("sha256:" + other, other.hex(), "", "");
    if (!base.contains(origin)) {
      base.add(origin);
    }
  }

  private static String name(String text) {
    return text.isEmpty() ? "unnamed" : text;
  }

  private ModelManifest added(ModelManifest manifest) {
    List<Origin> allBase = new ArrayList<>(manifest.base());
    base.stream().map(this::named).filter(one -> !allBase.contains(one)).forEach(allBase::add);
    List<Origin> allData = new ArrayList<>(manifest.datasets());
    datasets.stream()
        .map(each -> named(new Origin("sha256:" + each, each.hex(), "", "")))
        .filter(one -> !allData.contains(one))
        .forEach(allData::add);
    List<Evaluation> measured = new ArrayList<>(manifest.evaluations());
    evaluations.stream().limit(ModelManifest.MAX_ITEMS - measured.size()).forEach(measured::add);
    Origin how =
        manifest.recipe() == null
            ? recipe.map(hash -> new Origin("recipe", hash.hex(), "", "")).orElse(null)
            : manifest.recipe();
    return manifest.with(allBase, allData, how, measured);
  }

  private Origin named(Origin origin) {
    Origin better = known.get(Hash32.ofHex(String.valueOf(origin.sha256())));
    return better == null ? origin : better;
  }
}
