/**
 * Whether cheating is caught: many answers of a small real model over simulated hops, honest ones
 * and ones that were tampered with in each of the ways that the project promises to notice.
 */
@NullMarked
package org.folkmoot.proof.trial;

import org.jspecify.annotations.NullMarked;
