package org.folkmoot.ledger.entry;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;
import org.folkmoot.base.Hash32;
import org.folkmoot.wire.PeerId;

/** Entries of every kind with contents that a seed draws. */
public final class RandomEntries {
  /** How many kinds this version knows. */
  public static final int KINDS = 15;

  private final RandomGenerator random;

  public RandomEntries(RandomGenerator random) {
    this.random = random;
  }

  public Entry any() {
    return entry(1 + random.nextInt(KINDS));
  }

  public Entry entry(int kind) {
    long date = random.nextLong(1L << 42);
    return switch (kind) {
      case 1 -> new Entry.Charter(date, rules(), list(this::peer));
      case 2 -> new Entry.Member(date, hash(), peer(), one(Entry.Step.values()), text());
      case 3 -> new Entry.Proposal(date, hash(), text(), text(), motion());
      case 4 -> new Entry.Vote(date, hash(), hash(), one(Entry.Choice.values()), text());
      case 5 -> new Entry.Delegation(date, hash(), optional(peer()));
      case 6 -> new Entry.Enactment(date, hash(), hash());
      case 7 -> new Entry.Model(date, hash(), text(), count(), text(), text(), optional(hash()));
      case 8 ->
          new Entry.Adapter(
              date, hash(), text(), count(), text(), hash(), list(this::hash), optional(hash()));
      case 9 -> new Entry.Dataset(date, hash(), text(), count(), text(), text());
      case 10 ->
          new Entry.Evaluation(
              date,
              hash(),
              text(),
              hash(),
              hash(),
              list(() -> new Entry.Score(text(), random.nextLong())));
      case 11 -> new Entry.ReceiptRoot(date, hash(), count(), random.nextLong(), count());
      case 12 ->
          new Entry.FraudProof(
              date,
              peer(),
              hash(),
              hash(),
              optional(new Entry.Blob(bytes(1 + random.nextInt(300)))));
      case 13 ->
          new Entry.TrainingRound(
              date, hash(), random.nextInt(1 << 30), hash(), hash(), list(this::peer));
      case 14 ->
          new Entry.Credit(
              date,
              hash(),
              peer(),
              peer(),
              count(),
              optional(new Entry.Blob(bytes(1 + random.nextInt(300)))));
      case 15 -> new Entry.Veto(date, hash(), hash(), text());
      default -> throw new IllegalArgumentException("kind " + kind);
    };
  }

  private Entry.Rules rules() {
    return new Entry.Rules(
        text(),
        one(Entry.Admission.values()),
        random.nextInt(1001),
        random.nextInt(1000),
        random.nextLong(1L << 32),
        random.nextLong(1L << 32),
        random.nextLong(1L << 32),
        random.nextLong(1L << 32),
        random.nextInt(10),
        1 + random.nextInt(3),
        1 + random.nextLong(3),
        optional(peer()));
  }

  private Entry.Motion motion() {
    return switch (random.nextInt(7)) {
      case 0 -> new Entry.Motion.Adopt(one(Entry.Subject.values()), hash(), text());
      case 1 -> new Entry.Motion.AdoptPrompt(text());
      case 2 -> new Entry.Motion.Train(hash(), hash());
      case 3 -> new Entry.Motion.Admit(peer());
      case 4 -> new Entry.Motion.Remove(peer());
      case 5 -> new Entry.Motion.AdoptPolicy(text());
      default -> new Entry.Motion.ChangeRules(rules());
    };
  }

  private <T> T one(T[] values) {
    return values[random.nextInt(values.length)];
  }

  private long count() {
    return random.nextLong(1L << 50);
  }

  private PeerId peer() {
    return new PeerId(hash());
  }

  private Hash32 hash() {
    return Hash32.of(bytes(Hash32.BYTES));
  }

  private byte[] bytes(int count) {
    byte[] bytes = new byte[count];
    random.nextBytes(bytes);
    return bytes;
  }

  private String text() {
    return "abcä€😀 z".repeat(random.nextInt(4));
  }

  private <T> Optional<T> optional(T value) {
    return random.nextBoolean() ? Optional.of(value) : Optional.empty();
  }

  private <T> List<T> list(Supplier<T> each) {
    List<T> all = new ArrayList<>();
    for (int i = random.nextInt(4); i > 0; i--) {
      all.add(each.get());
    }
    return all;
  }
}
