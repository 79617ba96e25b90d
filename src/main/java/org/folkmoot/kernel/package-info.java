/**
 * The arithmetic of sem/1: the scalar oracle, the vector kernels that equal it bit for bit, and the
 * number formats.
 */
@NullMarked
package org.folkmoot.kernel;

import org.jspecify.annotations.NullMarked;
