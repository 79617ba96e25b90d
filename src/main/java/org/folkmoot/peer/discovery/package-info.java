/** Ways to find peers where nobody has told of them: the local network. */
@NullMarked
package org.folkmoot.peer.discovery;

import org.jspecify.annotations.NullMarked;
