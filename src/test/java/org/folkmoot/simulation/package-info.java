/**
 * Whole swarms in virtual time: the real membership, routing, sessions and block servers on one
 * event queue, with a fake engine, a network in memory and faults by seed (DESIGN §10).
 */
@NullMarked
package org.folkmoot.simulation;

import org.jspecify.annotations.NullMarked;
