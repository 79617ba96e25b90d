package org.folkmoot.ledger.anchor;

import static org.folkmoot.base.FolkmootException.Code.BAD_REQUEST;
import static org.folkmoot.base.FolkmootException.Code.NOT_FINAL;
import static org.folkmoot.base.FolkmootException.Code.NO_FUNDS;

import com.fasterxml.jackson.databind.JsonNode;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.base.Hash32;
import org.jspecify.annotations.Nullable;
import org.web3j.abi.FunctionEncoder;
import org.web3j.abi.datatypes.Function;
import org.web3j.abi.datatypes.Type;
import org.web3j.crypto.Hash;
import org.web3j.crypto.RawTransaction;
import org.web3j.crypto.TransactionEncoder;
import org.web3j.utils.Numeric;

/** An account that writes to a chain: signs here, sends, and waits until a block has it. */
public final class EvmAccount {
  /** Lets time pass; tests have none to lose. */
  public interface Pause {
    /** Waits. */
    void pause(Duration time);
  }

  /**
   * How it spends and waits.
   *
   * @param maxCostWei the most that one transaction may cost, whatever fee the node names
   * @param poll between two questions whether a block has it
   * @param polls how many
   */
  public record Settings(BigInteger maxCostWei, Duration poll, int polls) {
    /**
     * 0.05 of the chain's coin; two minutes, in which the slowest public chains make some blocks.
     */
    public static final Settings USUAL =
        new Settings(new BigInteger("50000000000000000"), Duration.ofSeconds(2), 60);
  }

  /**
   * A transaction in a block.
   *
   * @param hash its name
   * @param block height of the block
   * @param blockHash the block's name
   * @param contract what it deployed, if it did
   * @param gas what it used
   */
  public record Mined(
      Hash32 hash, long block, Hash32 blockHash, Optional<String> contract, long gas) {}

  /** A contract refused; {@link #data} says why. */
  static final class Reverted extends Exception {
    private static final long serialVersionUID = 1L;

    private final String data;

    Reverted(EvmRpc.Refusal why) {
      super(why.getMessage(), why);
      this.data = why.data();
    }

    /** Selector of the contract's error and its arguments, hexadecimal. */
    String data() {
      return data;
    }
  }

  /** The largest deployment takes a third of it. */
  private static final BigInteger MAX_GAS = BigInteger.valueOf(15_000_000);

  private static final BigInteger WEI_PER_COIN = BigInteger.TEN.pow(18);

  private final EvmChain chain;
  private final EvmKey key;
  private final Settings settings;
  private final Pause pause;

  /** An account on a chain. */
  public EvmAccount(EvmChain chain, EvmKey key, Settings settings, Pause pause) {
    this.chain = chain;
    this.key = key;
    this.settings = settings;
    this.pause = pause;
  }

  EvmChain chain() {
    return chain;
  }

  /** Who pays. */
  public String address() {
    return key.address();
  }

  /** Deploys a contract. */
  String deploy(Artifact contract, List<Type<?>> arguments) {
    try {
      String encoded = FunctionEncoder.encodeConstructor(List.copyOf(arguments));
      return send(null, "0x" + contract.bytecode() + encoded).contract().orElseThrow();
    } catch (Reverted no) {
      throw refused(contract.name(), no);
    }
  }

  /** Calls a contract's function that changes something. */
  Mined send(String contract, Function function) throws Reverted {
    return send(contract, FunctionEncoder.encode(function));
  }

  private Mined send(@Nullable String to, String data) throws Reverted {
    EvmChain.Block head = chain.head();
    BigInteger balance = chain.quantity("eth_getBalance", address(), "latest");
    if (balance.signum() == 0 && !isFree(head)) {
      throw broke(BigInteger.ZERO, "anything");
    }
    BigInteger gas = estimate(to, data);
    BigInteger tip = tip(head);
    BigInteger price = head.baseFee().map(fee -> fee.shiftLeft(1).add(tip)).orElse(tip);
    BigInteger cost = gas.multiply(price);
    if (cost.compareTo(settings.maxCostWei()) > 0) {
      throw new FolkmootException(
          NO_FUNDS,
          "this may cost %s coins, more than the %s that it may: wait for lower fees, or raise"
                  .formatted(coins(cost), coins(settings.maxCostWei()))
              + " --max-cost");
    }
    if (balance.compareTo(cost) < 0) {
      throw broke(balance, coins(cost) + " coins");
    }
    return await(submit(sign(to, data, gas, price, head.baseFee().isPresent() ? tip : null)));
  }

  private static boolean isFree(EvmChain.Block head) {
    return head.baseFee().map(fee -> fee.signum() == 0).orElse(true);
  }

  private FolkmootException broke(BigInteger balance, String needed) {
    return new FolkmootException(
        NO_FUNDS,
        "account %s on chain %d has %s coins, too few for %s: send it some"
            .formatted(address(), chain.chainId(), coins(balance), needed));
  }

  private static String coins(BigInteger wei) {
    return new BigDecimal(wei)
        .divide(new BigDecimal(WEI_PER_COIN))
        .stripTrailingZeros()
        .toPlainString();
  }

  private BigInteger estimate(@Nullable String to, String data) throws Reverted {
    Map<String, String> transaction = new HashMap<>(Map.of("from", address(), "input", data));
    if (to != null) {
      transaction.put("to", to);
    }
    try {
      BigInteger used =
          chain.number("eth_estimateGas", chain.askOrRefuse("eth_estimateGas", transaction));
      // The block that takes it may find other state than the estimate did.
      BigInteger gas = used.add(used.shiftRight(2));
      if (gas.compareTo(MAX_GAS) > 0) {
        throw new FolkmootException(
            BAD_REQUEST, "the chain's node wants " + used + " gas for this, which cannot be");
      }
      return gas;
    } catch (EvmRpc.Refusal no) {
      throw new Reverted(no);
    }
  }

  /** For whoever makes the block; all of the price where there is no base fee. */
  private BigInteger tip(EvmChain.Block head) {
    return chain.quantity(head.baseFee().isPresent() ? "eth_maxPriorityFeePerGas" : "eth_gasPrice");
  }

  private String sign(
      @Nullable String to,
      String data,
      BigInteger gas,
      BigInteger price,
      @Nullable BigInteger tip) {
    BigInteger nonce = chain.quantity("eth_getTransactionCount", address(), "pending");
    String target = to == null ? "" : to;
    byte[] signed =
        tip == null
            ? TransactionEncoder.signMessage(
                RawTransaction.createTransaction(nonce, price, gas, target, BigInteger.ZERO, data),
                chain.chainId(),
                key.credentials())
            : TransactionEncoder.signMessage(
                RawTransaction.createTransaction(
                    chain.chainId(), nonce, gas, target, BigInteger.ZERO, data, tip, price),
                key.credentials());
    return Numeric.toHexString(signed);
  }

  private Hash32 submit(String signed) {
    try {
      return chain.hash(
          "eth_sendRawTransaction", chain.askOrRefuse("eth_sendRawTransaction", signed));
    } catch (EvmRpc.Refusal no) {
      // If the first answer was lost on its way the node has the transaction, and says so.
      Hash32 hash = Hash32.of(Hash.sha3(Numeric.hexStringToByteArray(signed)));
      if (!chain.ask("eth_getTransactionByHash", "0x" + hash.hex()).isNull()) {
        return hash;
      }
      throw chain.refused("eth_sendRawTransaction", no);
    }
  }

  private Mined await(Hash32 transaction) {
    String name = "0x" + transaction.hex();
    for (int poll = 0; poll < settings.polls(); poll++) {
      JsonNode receipt = chain.ask("eth_getTransactionReceipt", name);
      if (!receipt.isNull()) {
        return mined(transaction, receipt);
      }
      pause.pause(settings.poll());
    }
    throw new FolkmootException(
        NOT_FINAL,
        "transaction %s was sent, and no block has it yet: call this again later".formatted(name));
  }

  private Mined mined(Hash32 transaction, JsonNode receipt) {
    if (chain.number("status", receipt.path("status")).signum() == 0) {
      throw new FolkmootException(
          BAD_REQUEST,
          "the chain took transaction 0x%s and refused what it does: the state has changed, call"
                  .formatted(transaction.hex())
              + " this again");
    }
    JsonNode contract = receipt.path("contractAddress");
    return new Mined(
        transaction,
        chain.number("receipt", receipt.path("blockNumber")).longValueExact(),
        chain.hash("receipt", receipt.path("blockHash")),
        contract.isTextual() ? Optional.of(chain.address("receipt", contract)) : Optional.empty(),
        chain.number("receipt", receipt.path("gasUsed")).longValueExact());
  }

  static FolkmootException refused(String contract, Reverted no) {
    return new FolkmootException(
        BAD_REQUEST, "the contract %s refuses: %s".formatted(contract, no.getMessage()), no);
  }
}
