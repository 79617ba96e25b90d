package org.folkmoot.api;

/**
 * Whose request this is.
 *
 * @param client who asks: the name of a key, or an address
 * @param arrivedNanos when the request's head had arrived
 * @param cancellation ends what the request has under way
 */
record Caller(String client, long arrivedNanos, Cancellation cancellation) {}
