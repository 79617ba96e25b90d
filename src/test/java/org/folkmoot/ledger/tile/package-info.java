@NullMarked
package org.folkmoot.ledger.tile;

import org.jspecify.annotations.NullMarked;
