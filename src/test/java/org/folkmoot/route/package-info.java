@NullMarked
package org.folkmoot.route;

import org.jspecify.annotations.NullMarked;
