package org.folkmoot.session;

import java.util.ArrayDeque;
import java.util.Collection;
import java.util.Deque;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Executor;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Predicate;
import org.folkmoot.base.Bounded;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.peer.PeerNetwork;
import org.folkmoot.proof.FraudProof;
import org.folkmoot.proof.FraudProofCheck.Result;
import org.folkmoot.wire.Limits;
import org.folkmoot.wire.Message;
import org.folkmoot.wire.PeerId;

/**
 * What a node does about peers that computed wrongly. Only a proof that it has checked itself bans
 * a peer; then it is kept, and told to all that are linked, who check it for themselves. Whoever
 * tells a proof that proves nothing is left alone, and not heard, for a while: an accusation costs
 * the accuser, not the accused.
 *
 * <p>Keys cost nothing, and anyone can prove something against a key of its own making. So others
 * are heard only about members of the swarm, what they tell is kept up to a bound, and of that only
 * the latest goes to new links.
 *
 * <p>Decides on the loop; checks, which may compute for seconds, run elsewhere, one at a time.
 */
public final class Tribunal implements PeerNetwork.Listener {
  /**
   * After a check of what others told, nothing of theirs is checked for so many times as long: made
   * up members with costly claims get a quarter of one thread, whatever they send.
   */
  private static final int REST = 3;

  /** Peers banned by what others told: twice as many as a node knows members at a time. */
  static final int MAX_BANNED = 1024;

  /** Bytes of proofs by others that are written down: proofs of most kinds have some kilobytes. */
  private static final long MAX_KEPT_BYTES = 64 << 20;

  /** Bytes of proofs that a new link hears: the latest. Those before went round already. */
  private static final int MAX_TOLD_BYTES = 1 << 20;

  /** By then a new link has told which members there are, so that it knows who is meant. */
  private static final long TELL_AFTER_NANOS = 2_000_000_000L;

  /** How long somebody who told something false is not heard: as long as it is left alone. */
  private static final long DEAF_NANOS = 600_000_000_000L;

  /** Peers that told something false. */
  private static final int MAX_DEAF = 4096;

  private record Conviction(PeerId peer, byte[] proof) {}

  private final PeerNetwork network;
  private final PeerScores scores;
  private final Predicate<PeerId> isMember;
  private final Function<FraudProof, Result> check;
  private final Executor background;
  private final Executor writer;
  private final Consumer<FraudProof> keep;
  private final Set<PeerId> banned = new LinkedHashSet<>();
  private final Deque<Conviction> latest = new ArrayDeque<>();
  private long latestBytes;
  private long keptBytes;
  private final Map<PeerId, Long> deafUntil = new Bounded<>(MAX_DEAF);
  private final Docket docket = new Docket();
  private boolean judging;

  /**
   * A tribunal.
   *
   * @param isMember whether a peer belongs to the swarm, as far as this node knows; called on the
   *     loop
   * @param known proofs that were checked in an earlier life
   * @param check called on {@code background}
   * @param background runs one task at a time
   * @param writer runs one task at a time, and soon
   * @param keep writes a proof down; called on {@code writer}
   */
  public Tribunal(
      PeerNetwork network,
      PeerScores scores,
      Predicate<PeerId> isMember,
      Collection<FraudProof> known,
      Function<FraudProof, Result> check,
      Executor background,
      Executor writer,
      Consumer<FraudProof> keep) {
    this.network = network;
    this.scores = scores;
    this.isMember = isMember;
    this.check = check;
    this.background = background;
    this.writer = writer;
    this.keep = keep;
    for (FraudProof proof : known) {
      keptBytes += ban(proof).length;
    }
    network.listen(this);
  }

  /** Peers that are proven to have computed wrongly. */
  public List<PeerId> banned() {
    return List.copyOf(banned);
  }

  /**
   * Looks at a proof that this node made.
   *
   * @param told what came of it, when a proof that holds and is the first against its peer is
   *     written down; on the loop
   */
  public void accuse(FraudProof proof, Consumer<Result> told) {
    judge(
        proof,
        result -> {
          if (result instanceof Result.Proven && !banned.contains(proof.statement().hop())) {
            tellAll(ban(proof), proof, Optional.empty());
            write(proof, () -> network.loop().execute(() -> told.accept(result)));
          } else {
            told.accept(result);
          }
        });
  }

  /** Has a proof checked; tells on the loop what came of it. */
  private void judge(FraudProof proof, Consumer<Result> told) {
    background.execute(() -> {
      Result result =
          new Result.NeedsModel(
              proof.statement().statement().model(), "it could not be checked on this machine");
      try {
        result = check.apply(proof);
      } finally {
        // Also after a defect of ours: nobody waits for ever, and nobody is blamed.
        Result came = result;
        network.loop().execute(() -> told.accept(came));
      }
    });
  }

  @Override
  public void received(PeerId from, Message message) {
    if (message instanceof Message.Accusation accusation && isHeard(from)) {
      accused(from, accusation.proof());
    }
  }

  private boolean isHeard(PeerId from) {
    Long until = deafUntil.get(from);
    boolean deaf = until != null && network.loop().nanoTime() - until < 0;
    return !deaf && !banned.contains(from) && banned.size() < MAX_BANNED && docket.hasRoomFor(from);
  }

  private void accused(PeerId from, byte[] bytes) {
    FraudProof proof;
    try {
      proof = FraudProof.parse(bytes);
    } catch (FolkmootException nothing) {
      disbelieve(from);
      return;
    }
    Docket.Case one = new Docket.Case(from, proof, bytes.length);
    if (isMember.test(one.accused())) {
      docket.add(one);
      judgeNext();
    } else {
      docket.setAside(one);
    }
  }

  /** Others are members now: who was accused before it was known is looked at now. */
  public void membersChanged() {
    docket.recall(isMember).stream().filter(one -> isHeard(one.from())).forEach(docket::add);
    judgeNext();
  }

  /** Many tell of the same peer, and one check is enough. */
  private void judgeNext() {
    docket.dismiss(one -> banned.contains(one.accused()));
    if (!judging) {
      docket.next().ifPresent(this::judgeOf);
    }
  }

  private void judgeOf(Docket.Case next) {
    judging = true;
    long since = network.loop().nanoTime();
    judge(
        next.proof(),
        result -> {
          judged(next.from(), next.proof(), result);
          long took = network.loop().nanoTime() - since;
          network
              .loop()
              .after(
                  REST * took,
                  () -> {
                    judging = false;
                    judgeNext();
                  });
        });
  }

  private void judged(PeerId from, FraudProof proof, Result result) {
    switch (result) {
      case Result.Proven _ -> {
        if (!banned.contains(proof.statement().hop())) {
          byte[] bytes = ban(proof);
          if (keptBytes + bytes.length <= MAX_KEPT_BYTES) {
            keptBytes += bytes.length;
            write(proof, () -> {});
          }
          tellAll(bytes, proof, Optional.of(from));
        }
      }
      case Result.NotProven _ -> disbelieve(from);
      // Without the model nobody can tell: neither of the two loses anything.
      case Result.NeedsModel _ -> {}
    }
  }

  private void disbelieve(PeerId from) {
    scores.failed(from, Message.Reason.FAILED);
    deafUntil.put(from, network.loop().nanoTime() + DEAF_NANOS);
  }

  /** Asks nothing of a peer any more. Gives the proof's bytes. */
  private byte[] ban(FraudProof proof) {
    PeerId wrong = proof.statement().hop();
    byte[] bytes = proof.toBytes();
    banned.add(wrong);
    scores.banish(wrong);
    if (bytes.length <= MAX_TOLD_BYTES) {
      latest.addLast(new Conviction(wrong, bytes));
      latestBytes += bytes.length;
      while (latestBytes > MAX_TOLD_BYTES) {
        latestBytes -= latest.removeFirst().proof.length;
      }
    }
    return bytes;
  }

  private void write(FraudProof proof, Runnable then) {
    writer.execute(() -> {
      try {
        keep.accept(proof);
      } catch (FolkmootException noRoom) {
        // Then the ban ends with this process, unless somebody tells the proof again.
      } finally {
        then.run();
      }
    });
  }

  /** New links hear the latest of what is proven. */
  @Override
  public void connected(PeerId peer) {
    network
        .loop()
        .after(
            TELL_AFTER_NANOS,
            () -> {
              if (network.connected().contains(peer)) {
                Iterator<Conviction> newest = latest.descendingIterator();
                newest.forEachRemaining(each -> tell(peer, each.peer, each.proof));
              }
            });
  }

  private void tellAll(byte[] bytes, FraudProof proof, Optional<PeerId> source) {
    PeerId wrong = proof.statement().hop();
    for (PeerId peer : List.copyOf(network.connected())) {
      if (source.isEmpty() || !source.get().equals(peer)) {
        tell(peer, wrong, bytes);
      }
    }
  }

  private void tell(PeerId peer, PeerId accused, byte[] proof) {
    // Who is meant need not be told; and what is too long for a message travels as a file.
    if (!peer.equals(accused) && proof.length <= Limits.MAX_PART) {
      network.send(peer, new Message.Accusation(proof));
    }
  }
}
