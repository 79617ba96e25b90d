/**
 * Makes model files out of others: another number format, or what Hugging Face keeps in a folder.
 */
@NullMarked
package org.folkmoot.engine.convert;

import org.jspecify.annotations.NullMarked;
