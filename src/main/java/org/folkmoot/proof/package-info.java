/**
 * What can be checked afterwards, by anyone: receipts of answers, and proofs that a peer has signed
 * what it cannot have computed.
 */
@NullMarked
package org.folkmoot.proof;

import org.jspecify.annotations.NullMarked;
