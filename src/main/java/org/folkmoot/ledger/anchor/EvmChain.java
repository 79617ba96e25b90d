package org.folkmoot.ledger.anchor;

import static org.folkmoot.base.FolkmootException.Code.BAD_REQUEST;
import static org.folkmoot.base.FolkmootException.Code.NOT_FOUND;
import static org.folkmoot.base.FolkmootException.Code.UNREACHABLE;
import static org.folkmoot.base.FolkmootException.Code.WRONG_CHAIN;
import static org.folkmoot.base.FolkmootException.Code.WRONG_HASH;

import com.fasterxml.jackson.databind.JsonNode;
import java.math.BigInteger;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.regex.Pattern;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.base.Hash32;
import org.web3j.abi.FunctionEncoder;
import org.web3j.abi.datatypes.Function;

/**
 * What an EVM node says about its chain. One node is believed: run it yourself, or ask several.
 *
 * <p>Everything it answers is checked for form; nothing it answers is run.
 */
public final class EvmChain {
  private static final Pattern QUANTITY = Pattern.compile("0x[0-9a-fA-F]{1,64}");
  private static final Pattern DATA = Pattern.compile("0x(?:[0-9a-fA-F]{2})*");
  private static final Pattern ADDRESS = Pattern.compile("0x[0-9a-fA-F]{40}");

  /** Hexadecimal digits of one word of the ABI. */
  static final int WORD_DIGITS = 64;

  private final EvmRpc rpc;
  private final long chainId;

  /**
   * Asks a node which chain it is on.
   *
   * @param expected the chain that is meant, if that is known
   * @throws FolkmootException WRONG_CHAIN if it is another
   */
  public EvmChain(EvmRpc rpc, OptionalLong expected) {
    this.rpc = rpc;
    this.chainId = quantity("eth_chainId").longValueExact();
    if (expected.isPresent() && expected.getAsLong() != chainId) {
      throw new FolkmootException(
          WRONG_CHAIN,
          "the node at %s is on chain %d, not %d: name a node of the right chain with --rpc"
              .formatted(rpc.name(), chainId, expected.getAsLong()));
    }
  }

  /**
   * A block.
   *
   * @param number its height
   * @param hash its name
   * @param seconds its time since 1970
   * @param baseFee wei for each unit of gas; empty on chains that have none
   */
  public record Block(long number, Hash32 hash, long seconds, Optional<BigInteger> baseFee) {}

  /** The chain's number (EIP-155). */
  public long chainId() {
    return chainId;
  }

  /** The newest block. */
  public Block head() {
    return block("latest").orElseThrow(() -> malformed("eth_getBlockByNumber"));
  }

  /** The block of a height; empty if there is none (any more). */
  public Optional<Block> block(long number) {
    return block(hex(BigInteger.valueOf(number)));
  }

  private Optional<Block> block(String which) {
    JsonNode found = ask("eth_getBlockByNumber", which, false);
    if (found.isNull()) {
      return Optional.empty();
    }
    String fee = found.path("baseFeePerGas").asText("");
    return Optional.of(
        new Block(
            number("block", found.path("number")).longValueExact(),
            hash("block", found.path("hash")),
            number("block", found.path("timestamp")).longValueExact(),
            fee.isEmpty()
                ? Optional.empty()
                : Optional.of(number("block", found.path("baseFeePerGas")))));
  }

  /**
   * Checks that a contract is there and is what it should be.
   *
   * @throws FolkmootException NOT_FOUND if nothing is there, WRONG_HASH if something else is
   */
  void require(Artifact contract, String address) {
    String code = data("eth_getCode", address, "latest");
    if (code.equals("0x")) {
      throw new FolkmootException(
          NOT_FOUND,
          "there is no contract at %s on chain %d: leave --contract out to deploy one, or name the"
                  .formatted(address, chainId)
              + " right chain's node");
    }
    if (!contract.isCode(code)) {
      throw new FolkmootException(
          WRONG_HASH,
          "the contract at %s is not this version's %s: nothing it says is believed"
              .formatted(address, contract.name()));
    }
  }

  /**
   * Calls a contract's function that changes nothing, at the newest block.
   *
   * @return the words of its result
   */
  Words call(String contract, Function function) {
    return new Words(
        data(
            "eth_call",
            Map.of("to", contract, "input", FunctionEncoder.encode(function)),
            "latest"));
  }

  BigInteger quantity(String method, Object... parameters) {
    return number(method, ask(method, parameters));
  }

  private String data(String method, Object... parameters) {
    String text = ask(method, parameters).asText("");
    if (!DATA.matcher(text).matches()) {
      throw malformed(method);
    }
    return text;
  }

  JsonNode ask(String method, Object... parameters) {
    try {
      return rpc.ask(method, parameters);
    } catch (EvmRpc.Refusal no) {
      throw refused(method, no);
    }
  }

  JsonNode askOrRefuse(String method, Object... parameters) throws EvmRpc.Refusal {
    return rpc.ask(method, parameters);
  }

  FolkmootException refused(String method, EvmRpc.Refusal no) {
    return new FolkmootException(
        BAD_REQUEST,
        "the chain's node at %s refuses %s: %s".formatted(rpc.name(), method, no.getMessage()),
        no);
  }

  BigInteger number(String method, JsonNode answer) {
    String text = answer.asText("");
    if (!QUANTITY.matcher(text).matches()) {
      throw malformed(method);
    }
    return new BigInteger(text.substring(2), 16);
  }

  Hash32 hash(String method, JsonNode answer) {
    String text = answer.asText("");
    if (text.length() != 2 + WORD_DIGITS || !DATA.matcher(text).matches()) {
      throw malformed(method);
    }
    return Hash32.ofHex(text.substring(2));
  }

  String address(String method, JsonNode answer) {
    String text = answer.asText("");
    if (!ADDRESS.matcher(text).matches()) {
      throw malformed(method);
    }
    return text;
  }

  private FolkmootException malformed(String method) {
    return new FolkmootException(
        UNREACHABLE,
        "the node at %s answers %s with something that is no answer: name another with --rpc"
            .formatted(rpc.name(), method));
  }

  /**
   * Checks that a text is an account's or a contract's address.
   *
   * @throws FolkmootException BAD_REQUEST if it is none
   */
  public static String requireAddress(String text) {
    if (!ADDRESS.matcher(text).matches()) {
      throw new FolkmootException(
          BAD_REQUEST, "a chain's address is 0x and 40 hexadecimal digits, this is not");
    }
    return text;
  }

  static String hex(BigInteger number) {
    return "0x" + number.toString(16);
  }

  /** A result in the ABI's words of 32 bytes. */
  final class Words {
    private final String digits;

    private Words(String data) {
      this.digits = data.substring(2);
    }

    BigInteger number(int word) {
      return new BigInteger(text(word), 16);
    }

    Hash32 hash(int word) {
      return Hash32.ofHex(text(word));
    }

    String address(int word) {
      return "0x" + text(word).substring(WORD_DIGITS - 40);
    }

    private String text(int word) {
      int from = word * WORD_DIGITS;
      if (digits.length() < from + WORD_DIGITS) {
        throw malformed("eth_call");
      }
      return digits.substring(from, from + WORD_DIGITS);
    }
  }
}
