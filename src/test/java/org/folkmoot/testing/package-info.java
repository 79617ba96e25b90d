/** What tests share: models made and found, a reference to compare with, goldens. */
@NullMarked
package org.folkmoot.testing;

import org.jspecify.annotations.NullMarked;
