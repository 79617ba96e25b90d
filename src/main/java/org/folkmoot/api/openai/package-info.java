/**
 * The shapes of OpenAI's API: requests read and checked, responses and errors written. Pure: no
 * socket, no model, no clock.
 */
@NullMarked
package org.folkmoot.api.openai;

import org.jspecify.annotations.NullMarked;
