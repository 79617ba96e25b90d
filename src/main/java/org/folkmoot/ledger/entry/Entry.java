package org.folkmoot.ledger.entry;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.folkmoot.base.Hash32;
import org.folkmoot.wire.PeerId;

/**
 * One entry of a member's feed. Who says it is whose feed it is in; a reader believes the writer no
 * more than that: an entry is a claim. Only hashes and what its writer chose to publish are in it,
 * never a prompt or an answer.
 */
public sealed interface Entry {
  /** When the writer says it was written, in milliseconds since 1970. */
  long dateMillis();

  // ---- what there is

  /**
   * A model that the writer vouches for.
   *
   * @param sha256 of its file
   * @param bytes the file's length
   * @param base the model that it was made of
   */
  record Model(
      long dateMillis,
      Hash32 sha256,
      String name,
      long bytes,
      String licence,
      String source,
      Optional<Hash32> base)
      implements Entry {}

  /**
   * An adapter.
   *
   * @param base the model it is for
   * @param datasets the {@link Dataset#manifest manifests} it was trained on
   * @param recipe hash of how it was made
   */
  record Adapter(
      long dateMillis,
      Hash32 sha256,
      String name,
      long bytes,
      String licence,
      Hash32 base,
      List<Hash32> datasets,
      Optional<Hash32> recipe)
      implements Entry {
    /** Copies. */
    public Adapter {
      datasets = List.copyOf(datasets);
    }
  }

  /**
   * A dataset.
   *
   * @param manifest hash of the list of its files
   */
  record Dataset(
      long dateMillis, Hash32 manifest, String name, long records, String licence, String source)
      implements Entry {}

  /**
   * How something did in a test.
   *
   * @param subject the model or adapter
   * @param suite the test's name
   * @param suiteHash of its questions
   * @param report hash of the full report
   */
  record Evaluation(
      long dateMillis,
      Hash32 subject,
      String suite,
      Hash32 suiteHash,
      Hash32 report,
      List<Score> scores)
      implements Entry {
    /** Copies. */
    public Evaluation {
      scores = List.copyOf(scores);
    }
  }

  /** A result, in millionths: integers have one encoding. */
  record Score(String name, long millionths) {}

  // ---- what happened

  /**
   * Commits to receipts without showing them.
   *
   * @param root RFC 9162 root over the receipts' bytes
   * @param count how many
   */
  record ReceiptRoot(long dateMillis, Hash32 root, long count, long fromMillis, long toMillis)
      implements Entry {}

  /**
   * A peer is proven to have computed wrongly.
   *
   * @param sha256 of the proof
   * @param proof its bytes, if they fit; else to be had from who wrote this
   */
  record FraudProof(
      long dateMillis, PeerId accused, Hash32 model, Hash32 sha256, Optional<Blob> proof)
      implements Entry {}

  /**
   * One round of training together.
   *
   * @param run which training
   * @param result hash of what came out
   */
  record TrainingRound(
      long dateMillis,
      Hash32 run,
      int round,
      Hash32 before,
      Hash32 result,
      List<PeerId> participants)
      implements Entry {
    /** Copies. */
    public TrainingRound {
      participants = List.copyOf(participants);
    }
  }

  /**
   * Work done for a peer, by the writer's claim; it counts only with the other's.
   *
   * @param receipt hash of the receipt that both signed
   * @param server who computed
   * @param asker for whom
   * @param claim what both signed, so that anybody can check it; without it the entry is a word
   */
  record Credit(
      long dateMillis,
      Hash32 receipt,
      PeerId server,
      PeerId asker,
      long megaflops,
      Optional<Blob> claim)
      implements Entry {
    /** The same without what both signed. */
    public Credit word() {
      return new Credit(dateMillis, receipt, server, asker, megaflops, Optional.empty());
    }
  }

  // ---- governance

  /** Founds a moot; the entry's {@link EntryId} is the moot's name among machines. */
  record Charter(long dateMillis, Rules rules, List<PeerId> founders) implements Entry {
    /** Copies. */
    public Charter {
      founders = List.copyOf(founders);
    }
  }

  /**
   * By what rules a moot decides.
   *
   * @param quorumPermille how many of all votes must be cast, yes or abstaining, in thousandths
   * @param majorityPermille a proposal has more than so many thousandths of yes and no together
   * @param votingDelayMillis from a proposal to the opening of its vote
   * @param votingPeriodMillis how long the vote is open
   * @param extensionMillis a vote that reaches its quorum late stays open so long after that
   * @param timelockMillis from the success of a proposal to its enactment
   * @param witnesses how many other members must have cosigned a checkpoint over an entry
   * @param weightCap the most that a member's vote weighs; 1: each member has one vote
   * @param weightMegaflops how much work for other members adds one to the weight, up to the cap
   * @param guardian who may veto what was decided until it is enacted; empty: nobody
   */
  record Rules(
      String name,
      Admission admission,
      int quorumPermille,
      int majorityPermille,
      long votingDelayMillis,
      long votingPeriodMillis,
      long extensionMillis,
      long timelockMillis,
      int witnesses,
      int weightCap,
      long weightMegaflops,
      Optional<PeerId> guardian) {}

  /** Who lets members in. */
  enum Admission {
    /** Any member, by inviting. */
    INVITATION,
    /** The moot, by vote. */
    VOTE
  }

  /** A member's step: inviting, joining, leaving. */
  record Member(long dateMillis, Hash32 moot, PeerId member, Step step, String name)
      implements Entry {}

  /** Steps of membership. */
  enum Step {
    /** The writer, a member, lets {@code member} in. */
    INVITED,
    /** The writer, who was let in, takes part. */
    JOINED,
    /** The writer leaves. */
    LEFT
  }

  /** Puts something to the vote. */
  record Proposal(long dateMillis, Hash32 moot, String title, String text, Motion motion)
      implements Entry {}

  /** What is proposed. */
  sealed interface Motion {
    /** Makes a model, adapter or dataset the default of members' nodes. */
    record Adopt(Subject subject, Hash32 sha256, String name) implements Motion {}

    /** Makes a system prompt the default; its text is public. */
    record AdoptPrompt(String prompt) implements Motion {}

    /** Makes a policy the default ({@code docs/policy.md}); its text is public. */
    record AdoptPolicy(String policy) implements Motion {}

    /** Starts a training run by a committed recipe. */
    record Train(Hash32 recipe, Hash32 base) implements Motion {}

    /** Lets a peer in. */
    record Admit(PeerId peer) implements Motion {}

    /** Puts a member out. */
    record Remove(PeerId peer) implements Motion {}

    /** Changes the rules for proposals made later. */
    record ChangeRules(Rules rules) implements Motion {}
  }

  /** What can be adopted. */
  enum Subject {
    /** A model. */
    MODEL,
    /** An adapter. */
    ADAPTER,
    /** A dataset. */
    DATASET
  }

  /** A vote. It is final: a later one by the same member on the same proposal does not count. */
  record Vote(long dateMillis, Hash32 moot, Hash32 proposal, Choice choice, String reason)
      implements Entry {}

  /** How a member votes. */
  enum Choice {
    /** For. */
    YES,
    /** Against. */
    NO,
    /** Neither; it counts to the quorum. */
    ABSTAIN
  }

  /** Has another member vote where the writer does not; empty takes it back. */
  record Delegation(long dateMillis, Hash32 moot, Optional<PeerId> to) implements Entry {}

  /** Has a proposal enacted; whether it was, and when, follows from the record, not from this. */
  record Enactment(long dateMillis, Hash32 moot, Hash32 proposal) implements Entry {}

  /** By the guardian: vetoes a proposal. By its author, before the vote opens: takes it back. */
  record Veto(long dateMillis, Hash32 moot, Hash32 proposal, String reason) implements Entry {}

  // ---- what a later version says

  /**
   * An entry of a kind, or with fields, that this version does not know. Its bytes are kept.
   *
   * @param kind its number
   */
  record Unknown(int kind, long dateMillis, Blob bytes) implements Entry {}

  /** Bytes that are equal if they are the same. */
  record Blob(byte[] bytes) {
    /** Copies. */
    public Blob {
      bytes = bytes.clone();
    }

    /** A copy. */
    @Override
    public byte[] bytes() {
      return bytes.clone();
    }

    @Override
    public boolean equals(Object other) {
      return other instanceof Blob(byte[] its) && Arrays.equals(bytes, its);
    }

    @Override
    public int hashCode() {
      return Arrays.hashCode(bytes);
    }
  }
}
