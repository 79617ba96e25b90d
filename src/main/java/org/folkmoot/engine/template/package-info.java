/** Chat templates: the bounded subset of Jinja that model files use. */
@NullMarked
package org.folkmoot.engine.template;

import org.jspecify.annotations.NullMarked;
