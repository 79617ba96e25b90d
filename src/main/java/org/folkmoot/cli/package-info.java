/** The command line: the composition root, where clock, randomness and files are chosen. */
@NullMarked
package org.folkmoot.cli;

import org.jspecify.annotations.NullMarked;
