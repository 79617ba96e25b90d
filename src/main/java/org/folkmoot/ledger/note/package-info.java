/**
 * Notes that somebody signed, as transparency logs write them: C2SP signed-note, tlog-checkpoint,
 * tlog-cosignature. Texts, keys and signatures; no log and no network.
 */
@NullMarked
package org.folkmoot.ledger.note;

import org.jspecify.annotations.NullMarked;
