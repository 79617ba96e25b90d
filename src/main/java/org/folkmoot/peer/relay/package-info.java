/**
 * How peers behind routers are reached: they find out that nobody can dial them, keep links to
 * peers that can be dialled, and are spoken to through these, by circuits of which the relay
 * understands nothing; or directly, if both ends send at once to where the relay sees the other.
 */
@NullMarked
package org.folkmoot.peer.relay;

import org.jspecify.annotations.NullMarked;
