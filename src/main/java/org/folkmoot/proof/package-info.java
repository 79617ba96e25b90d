/**
 * What makes an answer checkable: receipts, what a checker needs beside them, the checks that need
 * no weights, and the one that computes the answer again. {@code docs/receipt.md} has the bytes.
 */
@NullMarked
package org.folkmoot.proof;

import org.jspecify.annotations.NullMarked;
