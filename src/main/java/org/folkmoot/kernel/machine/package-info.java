/**
 * Machine code made while the program runs: an assembler for the instructions that the kernels
 * need, memory that holds code, and what the processor can do. Knows nothing of models or of sem/1.
 */
@NullMarked
package org.folkmoot.kernel.machine;

import org.jspecify.annotations.NullMarked;
