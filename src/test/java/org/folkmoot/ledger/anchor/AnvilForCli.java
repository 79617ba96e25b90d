package org.folkmoot.ledger.anchor;

import org.folkmoot.base.FolkmootException;

/** A real EVM node for tests of commands, which know nothing of the anchor's insides. */
public final class AnvilForCli implements AutoCloseable {
  private final AnvilNode node;

  private AnvilForCli(AnvilNode node) {
    this.node = node;
  }

  /** Starts one; skips the test where it cannot be had. */
  public static AnvilForCli start() {
    return new AnvilForCli(AnvilNode.automatic());
  }

  /** Where it listens. */
  public String url() {
    return node.url();
  }

  /** Gives an account a hundred coins. */
  public void fill(String address) throws FolkmootException {
    node.ask("anvil_setBalance", address, "0x56bc75e2d63100000");
  }

  /** Makes some blocks. */
  public void mine(int blocks) {
    node.mine(blocks);
  }

  /** Takes back the newest blocks. */
  public void reorganise(int blocks) {
    node.ask("anvil_reorg", blocks, java.util.List.of());
  }

  @Override
  public void close() {
    node.close();
  }
}
