@NullMarked
package org.folkmoot.peer.discovery;

import org.jspecify.annotations.NullMarked;
