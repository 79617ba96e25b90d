/**
 * Which peers answer together: the view of a swarm, the choice of a chain, the placement of blocks.
 * Pure functions.
 */
@NullMarked
package org.folkmoot.route;

import org.jspecify.annotations.NullMarked;
