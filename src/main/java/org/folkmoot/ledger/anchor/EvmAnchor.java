package org.folkmoot.ledger.anchor;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.folkmoot.base.FolkmootException.Code.NOT_FINAL;
import static org.folkmoot.base.FolkmootException.Code.NOT_FOUND;
import static org.folkmoot.base.FolkmootException.Code.WRONG_HASH;

import java.util.List;
import java.util.Optional;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.base.Hash32;
import org.web3j.abi.datatypes.Address;
import org.web3j.abi.datatypes.DynamicArray;
import org.web3j.abi.datatypes.Function;
import org.web3j.abi.datatypes.generated.Bytes32;
import org.web3j.abi.datatypes.generated.Uint64;
import org.web3j.crypto.Hash;

/** Checkpoints in the contract {@code CheckpointRegistry} of an EVM chain. */
public final class EvmAnchor implements Anchor {
  /** Blocks on top of a record before it counts: what public chains hardly ever take back. */
  public static final int USUAL_DEPTH = 12;

  private static final Artifact REGISTRY = Artifact.of("CheckpointRegistry");

  private static final String REWRITTEN = selector("Rewritten(uint64,uint64)");
  private static final String NOT_LARGER = selector("NotLarger(uint64,uint64)");

  private final EvmChain chain;
  private final String contract;
  private final String recorder;
  private final int depth;
  private final Optional<EvmAccount> writer;

  /**
   * What somebody recorded, for reading.
   *
   * @param contract where the registry is
   * @param recorder the account that records the feeds
   * @param depth blocks that a record must have on top to count as final; 0 on chains that never
   *     take back a block
   */
  public EvmAnchor(EvmChain chain, String contract, String recorder, int depth) {
    this(chain, contract, recorder, depth, Optional.empty());
  }

  /** For recording by an account, and reading it. */
  public EvmAnchor(EvmAccount account, String contract, int depth) {
    this(account.chain(), contract, account.address(), depth, Optional.of(account));
  }

  private EvmAnchor(
      EvmChain chain, String contract, String recorder, int depth, Optional<EvmAccount> writer) {
    this.chain = chain;
    this.contract = EvmChain.requireAddress(contract);
    this.recorder = EvmChain.requireAddress(recorder);
    this.depth = depth;
    this.writer = writer;
    chain.require(REGISTRY, contract);
  }

  /** Deploys a registry; its address. Anyone may record in it, each for itself. */
  public static String deploy(EvmAccount account) {
    return account.deploy(REGISTRY, List.of());
  }

  /** Where the registry is. */
  public String contract() {
    return contract;
  }

  /** Whose records count. */
  public String recorder() {
    return recorder;
  }

  private static Bytes32 name(String origin) {
    return new Bytes32(Hash32.sha256(origin.getBytes(UTF_8)).bytes());
  }

  private static Bytes32 word(Hash32 hash) {
    return new Bytes32(hash.bytes());
  }

  @Override
  public Mark record(Head head, Growth growth) {
    EvmAccount account =
        writer.orElseThrow(() -> new IllegalStateException("an anchor for reading"));
    Optional<Mark> last = latest(head.origin());
    Optional<Mark> same = mark(head);
    if (same.isPresent()) {
      return requireRoot(head, same.get());
    }
    long before = last.map(Mark::size).orElse(0L);
    List<Hash32> proof =
        before > 0 && before < head.size()
            ? growth.consistencyProof(before, head.size())
            : List.of();
    Function call =
        new Function(
            "record",
            List.of(
                name(head.origin()),
                new Uint64(head.size()),
                word(head.root()),
                new DynamicArray<>(Bytes32.class, proof.stream().map(EvmAnchor::word).toList())),
            List.of());
    try {
      account.send(contract, call);
    } catch (EvmAccount.Reverted no) {
      throw refusal(head, no);
    }
    return mark(head).orElseThrow(() -> gone(head));
  }

  private static FolkmootException refusal(Head head, EvmAccount.Reverted no) {
    if (no.data().startsWith(REWRITTEN)) {
      return new FolkmootException(
          WRONG_HASH,
          "the chain has another history of %s: this feed was rewritten, or its root is wrong; run"
                  .formatted(head.origin())
              + " 'folkmoot ledger fsck'",
          no);
    }
    if (no.data().startsWith(NOT_LARGER)) {
      return new FolkmootException(
          WRONG_HASH,
          "the chain has a longer history of %s than the %d entries here: entries were lost; get"
                  .formatted(head.origin(), head.size())
              + " them back from peers",
          no);
    }
    return EvmAccount.refused(REGISTRY.name(), no);
  }

  /** The first four bytes of what a contract's error begins with. */
  private static String selector(String error) {
    return Hash.sha3String(error).substring(0, 10);
  }

  @Override
  public Optional<Mark> latest(String origin) {
    return mark(
        chain.call(
            contract,
            new Function("latest", List.of(name(origin), new Address(recorder)), List.of())));
  }

  private Optional<Mark> mark(Head head) {
    return mark(
        chain.call(
            contract,
            new Function(
                "checkpoint",
                List.of(name(head.origin()), new Address(recorder), new Uint64(head.size())),
                List.of())));
  }

  private static Optional<Mark> mark(EvmChain.Words head) {
    long size = head.number(0).longValue();
    return size == 0
        ? Optional.empty()
        : Optional.of(
            new Mark(size, head.hash(3), head.number(2).longValue(), head.number(1).longValue()));
  }

  @Override
  public Mark verify(Head head) {
    Mark mark = requireRoot(head, mark(head).orElseThrow(() -> gone(head)));
    long on = chain.head().number() - mark.height();
    if (on < depth) {
      throw new FolkmootException(
          NOT_FINAL,
          "block %d has the checkpoint, with %d of %d blocks on top: verify again later"
              .formatted(mark.height(), Math.max(0, on), depth));
    }
    return mark;
  }

  private FolkmootException gone(Head head) {
    return new FolkmootException(
        NOT_FOUND,
        "chain %d has no checkpoint of %d entries of %s by %s: anchor it (again, if it was there:"
                .formatted(chain.chainId(), head.size(), head.origin(), recorder)
            + " the chain has then taken back a block)");
  }

  private static Mark requireRoot(Head head, Mark mark) {
    if (!mark.root().equals(head.root())) {
      throw new FolkmootException(
          WRONG_HASH,
          "the chain has another root for the first %d entries of %s: one of the two histories was"
                  .formatted(head.size(), head.origin())
              + " rewritten");
    }
    return mark;
  }
}
