@NullMarked
package org.folkmoot.moot;

import org.jspecify.annotations.NullMarked;
