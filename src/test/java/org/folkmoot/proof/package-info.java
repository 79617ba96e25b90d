/** Tests of receipts. */
@NullMarked
package org.folkmoot.proof;

import org.jspecify.annotations.NullMarked;
