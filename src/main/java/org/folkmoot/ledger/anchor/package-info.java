/**
 * Checkpoints of feeds, and a moot's votes, on a chain that exists: {@link
 * org.folkmoot.ledger.anchor.Anchor} is the port, with two adapters, none and an EVM chain.
 *
 * <p>Nothing here contacts anything unless whoever calls names a node.
 */
@NullMarked
package org.folkmoot.ledger.anchor;

import org.jspecify.annotations.NullMarked;
