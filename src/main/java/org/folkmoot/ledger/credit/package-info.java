/**
 * Who is owed what: contributions that both sides signed, and who goes first where there is not
 * room for all. Credits are no money: nobody can mint, keep or pass them on. {@code
 * docs/credits.md} has the rules.
 */
@NullMarked
package org.folkmoot.ledger.credit;

import org.jspecify.annotations.NullMarked;
