/**
 * The community's memory: for each member a feed, which is a Merkle log that only grows and that
 * its member signs; kept in a store, copied from peer to peer, checked by whoever reads it. {@code
 * docs/ledger.md} has the formats.
 */
@NullMarked
package org.folkmoot.ledger;

import org.jspecify.annotations.NullMarked;
