package org.folkmoot.store;

/**
 * What a removal did.
 *
 * @param name the name that is gone
 * @param freedBytes what the disk got back: nothing where another name has the same file
 */
public record Removal(String name, long freedBytes) {}
