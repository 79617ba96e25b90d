/**
 * A Merkle tree (RFC 9162) in pieces that never change, as C2SP tlog-tiles lays them out: tiles of
 * 256 hashes, bundles of 256 entries, and the proofs that can be read from them.
 */
@NullMarked
package org.folkmoot.ledger.tile;

import org.jspecify.annotations.NullMarked;
