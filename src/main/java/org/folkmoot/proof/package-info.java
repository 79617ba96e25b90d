/**
 * What makes an answer checkable: receipts, what a checker needs beside them, the checks that need
 * no weights, and the one that computes the answer again; disputes between two peers, and proofs
 * that a peer has signed what it cannot have computed. {@code docs/receipt.md} and {@code
 * docs/fraud-proof.md} have the bytes.
 */
@NullMarked
package org.folkmoot.proof;

import org.jspecify.annotations.NullMarked;
