/**
 * One client's connection: what it may cost while it reads, waits and writes, and the moment at
 * which it goes away. Knows sockets and time, and nothing of what is served.
 */
@NullMarked
package org.folkmoot.api.http;

import org.jspecify.annotations.NullMarked;
