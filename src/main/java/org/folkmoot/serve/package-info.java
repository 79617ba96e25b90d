/** The block server: one span of layers, offered to sessions of other peers. */
@NullMarked
package org.folkmoot.serve;

import org.jspecify.annotations.NullMarked;
