/** GGUF v3 files: read, checked and written. */
@NullMarked
package org.folkmoot.engine.gguf;

import org.jspecify.annotations.NullMarked;
