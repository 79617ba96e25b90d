/** The node's HTTP face: OpenAI's API over the models that are open on this node. */
@NullMarked
package org.folkmoot.api;

import org.jspecify.annotations.NullMarked;
