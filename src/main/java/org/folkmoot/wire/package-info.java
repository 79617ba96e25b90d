/**
 * What peers say to each other: the messages, versioned and bounded, and their bytes. No sockets,
 * no clocks, no decisions.
 */
@NullMarked
package org.folkmoot.wire;

import org.jspecify.annotations.NullMarked;
