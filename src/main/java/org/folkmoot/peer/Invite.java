package org.folkmoot.peer;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.folkmoot.base.FolkmootException.Code.BAD_REQUEST;
import static org.folkmoot.base.FolkmootException.Code.UNSUPPORTED;

import java.nio.ByteBuffer;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.wire.Base32;
import org.folkmoot.wire.Invitation;
import org.folkmoot.wire.Message.Contact;
import org.folkmoot.wire.SignedAnnouncement;
import org.folkmoot.wire.WireException;
import org.jspecify.annotations.Nullable;

/**
 * The link that lets a person join a swarm: {@code folkmoot://join/} and, in base32, a version, the
 * length of all, an {@link Invitation}, and its issuer's signature.
 *
 * <p>Whoever has it can join: it is as secret as the swarm is meant to be.
 */
public final class Invite {
  /** What every link begins with. */
  public static final String PREFIX = "folkmoot://join/";

  private static final int VERSION = 1;
  private static final int HEADER = 3;

  /**
   * Bytes that still make a QR code of 69 modules (version 13, level L: 619 letters and digits),
   * which with its margin fits a terminal of 80 columns.
   */
  static final int MAX_ISSUED = (619 - PREFIX.length()) * 5 / 8;

  /** No invite is longer; what is, is not read. */
  private static final int MAX_LINK = 8192;

  private static final byte[] CONTEXT = "folkmoot invite 1\n".getBytes(US_ASCII);

  private static final DateTimeFormatter DATE =
      DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm", Locale.ROOT).withZone(ZoneOffset.UTC);

  private Invite() {}

  /**
   * The link of an invitation, signed by its issuer. What does not fit into a QR code on a terminal
   * is left out: first models, then other peers, then addresses, the last ones first.
   *
   * @throws IllegalArgumentException if the issuer is not the signer, or a name alone is too long
   */
  public static String link(Invitation invitation, Signer signer) {
    if (!invitation.issuer().peer().equals(signer.peerId())) {
      throw new IllegalArgumentException("an invite is signed by its issuer");
    }
    byte[] body = fitting(invitation).encode();
    int length = HEADER + body.length + SignedAnnouncement.SIGNATURE_BYTES;
    byte[] unsigned =
        ByteBuffer.allocate(length - SignedAnnouncement.SIGNATURE_BYTES)
            .put((byte) VERSION)
            .putShort((short) length)
            .put(body)
            .array();
    byte[] signature = signer.sign(signedBytes(unsigned));
    return PREFIX + Base32.encode(ByteBuffer.allocate(length).put(unsigned).put(signature).array());
  }

  private static Invitation fitting(Invitation whole) {
    Invitation cut = whole;
    while (HEADER + cut.encode().length + SignedAnnouncement.SIGNATURE_BYTES > MAX_ISSUED) {
      Contact issuer = cut.issuer();
      List<Contact> others = cut.others();
      var models = cut.models();
      if (!models.isEmpty()) {
        models = models.subList(0, models.size() - 1);
      } else if (!others.isEmpty()) {
        others = others.subList(0, others.size() - 1);
      } else if (issuer.addresses().size() > 1) {
        issuer =
            new Contact(
                issuer.peer(), issuer.addresses().subList(0, issuer.addresses().size() - 1));
      } else {
        throw new IllegalArgumentException("the swarm's name is too long for an invite");
      }
      cut = new Invitation(cut.swarm(), cut.name(), issuer, others, models, cut.expiresMillis());
    }
    return cut;
  }

  /**
   * What a link says, once everything about it has been checked. White space in it, as mail and
   * terminals put there, does no harm, nor do capitals.
   *
   * @param nowMillis the date
   * @throws FolkmootException that says what is wrong with it and what to do: BAD_REQUEST if it is
   *     no invite, cut short, altered or expired; UNSUPPORTED if another version made it
   */
  public static Invitation parse(String link, Verifier verifier, long nowMillis) {
    byte[] all = bytes(link);
    if (all.length > 0 && all[0] != VERSION) {
      throw new FolkmootException(
          UNSUPPORTED,
          "the invite is of version %d, this Folkmoot knows %d: update the older of the two, or ask"
                  .formatted(all[0] & 0xff, VERSION)
              + " for a new invite");
    }
    int length = all.length < HEADER ? HEADER : ByteBuffer.wrap(all).getShort(1) & 0xffff;
    if (all.length < length) {
      throw new FolkmootException(
          BAD_REQUEST, "the invite is cut short: copy the whole link, up to its last letter");
    }
    int signed = length - SignedAnnouncement.SIGNATURE_BYTES;
    if (all.length > length || signed <= HEADER) {
      throw altered(null);
    }
    Invitation invitation;
    try {
      invitation = Invitation.decode(Arrays.copyOfRange(all, HEADER, signed));
    } catch (WireException wrong) {
      throw altered(wrong);
    }
    byte[] signature = Arrays.copyOfRange(all, signed, length);
    if (!verifier.verify(
        invitation.issuer().peer(), signedBytes(Arrays.copyOf(all, signed)), signature)) {
      throw altered(null);
    }
    if (invitation.expiresMillis() <= nowMillis) {
      throw new FolkmootException(
          BAD_REQUEST,
          "the invite expired on "
              + DATE.format(Instant.ofEpochMilli(Math.min(invitation.expiresMillis(), nowMillis)))
              + " UTC: ask for a new one (whoever is in the swarm makes it with 'folkmoot invite')");
    }
    return invitation;
  }

  private static byte[] bytes(String link) {
    String text = link.length() > MAX_LINK ? "" : link.replaceAll("\\s", "");
    if (!text.regionMatches(true, 0, PREFIX, 0, PREFIX.length())) {
      throw new FolkmootException(
          BAD_REQUEST, "an invite begins with " + PREFIX + ", this does not: paste the whole link");
    }
    String data = text.substring(PREFIX.length());
    try {
      return Base32.decode(data);
    } catch (FolkmootException wrong) {
      // A link that was cut in the middle of a byte has bits left over.
      byte[] whole = wholeBytes(data, wrong);
      int length = whole.length < HEADER ? HEADER : ByteBuffer.wrap(whole).getShort(1) & 0xffff;
      if (whole.length < length) {
        return whole;
      }
      throw altered(wrong);
    }
  }

  private static byte[] wholeBytes(String data, FolkmootException wrong) {
    for (int less = 1; less <= 8 && less <= data.length(); less++) {
      String shorter = data.substring(0, data.length() - less);
      if (shorter.length() % 8 == 0) {
        try {
          return Base32.decode(shorter);
        } catch (FolkmootException stillWrong) {
          throw altered(stillWrong);
        }
      }
    }
    throw altered(wrong);
  }

  private static FolkmootException altered(@Nullable Exception cause) {
    return new FolkmootException(
        BAD_REQUEST,
        "the invite was altered on its way: its signature does not hold. Copy the link again, or"
            + " ask for a new one",
        cause);
  }

  private static byte[] signedBytes(byte[] unsigned) {
    return ByteBuffer.allocate(CONTEXT.length + unsigned.length).put(CONTEXT).put(unsigned).array();
  }
}
