/**
 * The transformer: configuration, weights of a span of layers, KV cache, and the forward pass over
 * them.
 */
@NullMarked
package org.folkmoot.engine.model;

import org.jspecify.annotations.NullMarked;
