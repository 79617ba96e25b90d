/** What members write down: typed entries and their bytes ({@code docs/ledger.md}). */
@NullMarked
package org.folkmoot.ledger.entry;

import org.jspecify.annotations.NullMarked;
