/** What every other package may lean on: error codes, limits, units. It imports nothing of ours. */
@NullMarked
package org.folkmoot.base;

import org.jspecify.annotations.NullMarked;
