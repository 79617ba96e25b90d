@NullMarked
package org.folkmoot.wire;

import org.jspecify.annotations.NullMarked;
