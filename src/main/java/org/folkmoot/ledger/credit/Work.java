package org.folkmoot.ledger.credit;

import org.folkmoot.base.Hash32;
import org.folkmoot.wire.PeerId;

/**
 * Work that both sides say was done.
 *
 * @param id names it; counts once
 * @param server who computed
 * @param asker for whom
 * @param megaflops how much, by the smaller claim
 */
public record Work(Hash32 id, PeerId server, PeerId asker, long megaflops) {}
