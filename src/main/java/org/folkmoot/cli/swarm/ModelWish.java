package org.folkmoot.cli.swarm;

import java.util.Optional;

/**
 * Which model is asked for.
 *
 * @param name as it was given: a name with or without its tag, or a SHA-256
 * @param sha256 of the file that this name stands for on this machine; then no other will do,
 *     whatever peers call it
 */
public record ModelWish(String name, Optional<String> sha256) {}
