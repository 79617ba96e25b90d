@NullMarked
package org.folkmoot.ledger;

import org.jspecify.annotations.NullMarked;
