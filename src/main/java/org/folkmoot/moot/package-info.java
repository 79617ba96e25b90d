/**
 * How a community decides: charter, members, proposals, votes, and what follows from them. All of
 * it is a pure function of members' feeds ({@link org.folkmoot.moot.Moot#of}): whoever has the same
 * record computes the same result. {@code docs/governance.md} has the rules.
 */
@NullMarked
package org.folkmoot.moot;

import org.jspecify.annotations.NullMarked;
