/** A node of a swarm, put together: identity, links, membership, served spans, answers. */
@NullMarked
package org.folkmoot.cli.swarm;

import org.jspecify.annotations.NullMarked;
