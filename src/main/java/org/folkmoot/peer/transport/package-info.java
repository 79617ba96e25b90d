/**
 * The ways that frames travel over the internet: TLS 1.3 over TCP, and QUIC. Both prove each side's
 * Ed25519 key to the other before anything is heard, and bound what strangers can take.
 */
@NullMarked
package org.folkmoot.peer.transport;

import org.jspecify.annotations.NullMarked;
