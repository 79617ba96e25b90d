/** A generation: token ids in, text out, over a chain of spans. */
@NullMarked
package org.folkmoot.session;

import org.jspecify.annotations.NullMarked;
