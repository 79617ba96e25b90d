/** From logits to the next token: pure functions of logits, settings, seed and position. */
@NullMarked
package org.folkmoot.engine.sampling;

import org.jspecify.annotations.NullMarked;
