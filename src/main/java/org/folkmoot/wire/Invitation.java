package org.folkmoot.wire;

import static org.folkmoot.wire.WireReader.malformed;
import static org.folkmoot.wire.WireReader.require;

import java.net.Inet4Address;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.List;
import java.util.Optional;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.wire.Message.Contact;

/**
 * What an invite to a swarm says, in as few bytes as a QR code wants.
 *
 * @param swarm which swarm
 * @param name its name, for people
 * @param issuer who invites, and where it can be reached
 * @param others more peers of the swarm, should the issuer be away
 * @param models what the swarm serves, for people
 * @param expiresMillis the date until which it holds
 */
public record Invitation(
    SwarmId swarm,
    String name,
    Contact issuer,
    List<Contact> others,
    List<NamedModel> models,
    long expiresMillis) {
  /** Other peers in an invite: more are not needed to find one that is there. */
  public static final int MAX_OTHERS = 8;

  /** Models in an invite. */
  public static final int MAX_MODELS = 8;

  // How a host is written.
  private static final int NAME = 0;
  private static final int IPV4 = 1;
  private static final int IPV6 = 2;
  private static final int HOST_KINDS = 3;

  /** A model and what people call it. */
  public record NamedModel(ModelId model, String name) {}

  /** Checks the bounds and copies. */
  public Invitation {
    others = List.copyOf(others);
    models = List.copyOf(models);
    if (others.size() > MAX_OTHERS || models.size() > MAX_MODELS || expiresMillis < 0) {
      throw new IllegalArgumentException("an invite is out of bounds");
    }
  }

  /** Its bytes. */
  public byte[] encode() {
    WireWriter w = new WireWriter(512);
    w.hash(swarm.id()).text(name).i64(expiresMillis);
    write(w, issuer);
    w.list(others, contact -> write(w, contact));
    w.list(models, model -> w.hash(model.model.sha256()).text(model.name));
    return w.toBytes();
  }

  /**
   * The invitation of some bytes.
   *
   * @throws WireException if they are none
   */
  public static Invitation decode(byte[] bytes) throws WireException {
    WireReader r = new WireReader(bytes);
    try {
      SwarmId swarm = new SwarmId(r.hash());
      String name = r.text();
      long expires = r.i64();
      Contact issuer = contact(r);
      List<Contact> others = r.list(MAX_OTHERS, () -> contact(r));
      List<NamedModel> models =
          r.list(MAX_MODELS, () -> new NamedModel(new ModelId(r.hash()), r.text()));
      r.end();
      return new Invitation(swarm, name, issuer, others, models, expires);
    } catch (IllegalArgumentException | FolkmootException outOfBounds) {
      throw malformed(String.valueOf(outOfBounds.getMessage()));
    }
  }

  private static void write(WireWriter w, Contact contact) {
    w.hash(contact.peer().key()).list(contact.addresses(), address -> write(w, address));
  }

  private static Contact contact(WireReader r) throws WireException {
    return new Contact(new PeerId(r.hash()), r.list(Limits.MAX_ADDRESSES, () -> address(r)));
  }

  private static void write(WireWriter w, PeerAddress address) {
    int scheme = MessageCodec.SCHEMES.indexOf(address.scheme()) * HOST_KINDS;
    Optional<InetAddress> literal = literal(address.host());
    switch (literal.orElse(null)) {
      case Inet4Address ip -> w.u8(scheme + IPV4).raw(ip.getAddress());
      case Inet6Address ip -> w.u8(scheme + IPV6).raw(ip.getAddress());
      case null, default -> w.u8(scheme + NAME).text(address.host());
    }
    w.u16(address.port());
  }

  private static PeerAddress address(WireReader r) throws WireException {
    int kind = r.u8();
    require(kind < HOST_KINDS * MessageCodec.SCHEMES.size(), "an address is of an unknown kind");
    String host =
        switch (kind % HOST_KINDS) {
          case IPV4 -> ip(r.raw(4));
          case IPV6 -> ip(r.raw(16));
          default -> r.text();
        };
    return new PeerAddress(MessageCodec.SCHEMES.get(kind / HOST_KINDS), host, r.u16());
  }

  /** The IP address that a host is, if its bytes give back the very same text. */
  private static Optional<InetAddress> literal(String host) {
    try {
      InetAddress address = InetAddress.ofLiteral(host);
      return Optional.of(address).filter(ip -> ip.getHostAddress().equals(host));
    } catch (IllegalArgumentException name) {
      return Optional.empty();
    }
  }

  private static String ip(byte[] bytes) {
    try {
      return InetAddress.getByAddress(bytes).getHostAddress();
    } catch (UnknownHostException impossible) {
      throw new IllegalStateException(impossible);
    }
  }
}
