@NullMarked
package org.folkmoot.peer;

import org.jspecify.annotations.NullMarked;
