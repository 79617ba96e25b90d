@NullMarked
package org.folkmoot.ledger.entry;

import org.jspecify.annotations.NullMarked;
