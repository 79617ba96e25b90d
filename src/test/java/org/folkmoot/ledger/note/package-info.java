@NullMarked
package org.folkmoot.ledger.note;

import org.jspecify.annotations.NullMarked;
