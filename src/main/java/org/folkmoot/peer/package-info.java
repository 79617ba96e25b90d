/**
 * How bytes get from peer to peer: identity, links, discovery, membership. It carries messages and
 * does not know what they ask for.
 */
@NullMarked
package org.folkmoot.peer;

import org.jspecify.annotations.NullMarked;
