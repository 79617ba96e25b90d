/** Text to token ids and back, for the vocabularies that GGUF files carry. */
@NullMarked
package org.folkmoot.engine.tokenizer;

import org.jspecify.annotations.NullMarked;
