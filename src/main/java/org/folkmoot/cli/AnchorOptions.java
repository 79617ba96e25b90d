package org.folkmoot.cli;

import static org.folkmoot.base.FolkmootException.Code.BAD_REQUEST;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.file.Path;
import java.time.Duration;
import java.util.OptionalLong;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.ledger.anchor.EvmAccount;
import org.folkmoot.ledger.anchor.EvmAnchor;
import org.folkmoot.ledger.anchor.EvmChain;
import org.folkmoot.ledger.anchor.EvmRpc;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Which chain's node is asked, for what, and at what cost. */
final class AnchorOptions {
  @Option(
      names = "--rpc",
      paramLabel = "URL",
      description = "A node of an EVM chain. Nothing is contacted but this.")
  private @Nullable String rpc;

  @Option(
      names = "--chain",
      paramLabel = "ID",
      description = "The chain that is meant (default: that of the last anchor).")
  private @Nullable Long chain;

  @Option(
      names = "--contract",
      paramLabel = "ADDRESS",
      description = "Where checkpoints are (default: that of the last anchor; else deployed).")
  private @Nullable String contract;

  @Option(
      names = "--recorder",
      paramLabel = "ADDRESS",
      description = "Whose records count, to check (default: that of the last anchor).")
  private @Nullable String recorder;

  @Option(
      names = "--key",
      paramLabel = "FILE",
      description = "The account's key, to anchor (default: one of the home, drawn if needed).")
  private @Nullable Path key;

  @Option(
      names = "--depth",
      paramLabel = "BLOCKS",
      defaultValue = "" + EvmAnchor.USUAL_DEPTH,
      description = "Blocks on top that make a record final (default: ${DEFAULT-VALUE}).")
  private int depth;

  @Option(
      names = "--max-cost",
      paramLabel = "COINS",
      defaultValue = "0.05",
      description = "The most that one transaction may cost (default: ${DEFAULT-VALUE}).")
  private BigDecimal maxCost;

  @Option(
      names = "--timeout",
      paramLabel = "SECONDS",
      defaultValue = "10",
      description = "How long to wait for each answer (default: ${DEFAULT-VALUE}).")
  private int timeout;

  /** The node. */
  EvmRpc node() {
    if (rpc == null) {
      throw new FolkmootException(
          BAD_REQUEST, "name a node of the chain: --rpc URL (nothing is contacted without)");
    }
    if (timeout < 1 || timeout > 600 || depth < 0) {
      throw new FolkmootException(BAD_REQUEST, "--timeout is 1 to 600 seconds, --depth from 0");
    }
    return new EvmRpc(rpc, Duration.ofSeconds(timeout));
  }

  OptionalLong chain(OptionalLong last) {
    return chain == null ? last : OptionalLong.of(chain);
  }

  @Nullable String contract(@Nullable String last) {
    return contract == null ? last : EvmChain.requireAddress(contract);
  }

  @Nullable String recorder(@Nullable String last) {
    return recorder == null ? last : EvmChain.requireAddress(recorder);
  }

  Path key(Path home) {
    return key == null ? home.resolve("chain-key") : key;
  }

  int depth() {
    return depth;
  }

  EvmAccount.Settings settings() {
    BigInteger wei = maxCost.movePointRight(18).toBigInteger();
    EvmAccount.Settings usual = EvmAccount.Settings.USUAL;
    return new EvmAccount.Settings(wei, usual.poll(), usual.polls());
  }
}
