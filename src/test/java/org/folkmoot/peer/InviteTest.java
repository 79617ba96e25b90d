package org.folkmoot.peer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.base.Hash32;
import org.folkmoot.wire.Base32;
import org.folkmoot.wire.Invitation;
import org.folkmoot.wire.Invitation.NamedModel;
import org.folkmoot.wire.Message.Contact;
import org.folkmoot.wire.ModelId;
import org.folkmoot.wire.PeerAddress;
import org.folkmoot.wire.PeerId;
import org.folkmoot.wire.SwarmId;
import org.junit.jupiter.api.Test;

class InviteTest {
  private static final long NOW = 1_800_000_000_000L;
  private static final long LATER = NOW + 86_400_000;

  private final Random random = new Random(5);
  private final Signer issuer = FakeKeys.signer(FakeKeys.id(random));

  private Contact contact(String... addresses) {
    List<PeerAddress> all = new ArrayList<>();
    for (String address : addresses) {
      all.add(PeerAddress.parse(address));
    }
    return new Contact(FakeKeys.id(random), all);
  }

  private Invitation invitation(List<Contact> others, List<NamedModel> models) {
    return new Invitation(
        new SwarmId(Hash32.of(new byte[32])),
        "Our moot",
        new Contact(
            issuer.peerId(),
            List.of(
                PeerAddress.parse("quic://192.168.1.7:7410"),
                PeerAddress.parse("quic://[2001:db8:0:0:0:0:0:7]:7410"),
                PeerAddress.parse("quic://[fe80::1%eth0]:7410"),
                PeerAddress.parse("tls://moot.example:443"))),
        others,
        models,
        LATER);
  }

  private static Invitation parse(String link) {
    return Invite.parse(link, FakeKeys.VERIFIER, NOW);
  }

  private static void assertRefused(ThrowingCallable call, String says) {
    assertThatThrownBy(call).isInstanceOf(FolkmootException.class).hasMessageContaining(says);
  }

  @Test
  void comesBackAsItWas() {
    Invitation whole =
        invitation(
            List.of(
                contact("quic://10.0.0.1:1", "relay://x"), contact("tls://[0:0:0:0:0:0:0:1]:2")),
            List.of(new NamedModel(new ModelId(Hash32.of(new byte[32])), "smollm2:135m")));
    String link = Invite.link(whole, issuer);
    assertThat(parse(link)).isEqualTo(whole);
    assertThat(parse(" " + link.toUpperCase(Locale.ROOT).replaceAll("(.{60})", "$1\n  ")))
        .isEqualTo(whole);
  }

  @Test
  void leavesOutWhatDoesNotFitIntoAQrCode() {
    List<Contact> others = new ArrayList<>();
    List<NamedModel> models = new ArrayList<>();
    for (int i = 0; i < 8; i++) {
      others.add(contact("quic://10.0.0.1:7410", "tls://a.rather.long.name.example:7410"));
      models.add(new NamedModel(new ModelId(Hash32.of(new byte[32])), "model" + i));
    }
    String link = Invite.link(invitation(others, models), issuer);
    assertThat(link.length()).isLessThanOrEqualTo(619);
    Invitation back = parse(link);
    assertThat(back.models()).isEmpty();
    assertThat(back.others()).isNotEmpty().isEqualTo(others.subList(0, back.others().size()));
    assertThat(back.issuer()).isEqualTo(invitation(others, models).issuer());
  }

  @Test
  void saysWhatIsWrongWithIt() {
    String link = Invite.link(invitation(List.of(), List.of()), issuer);
    assertRefused(() -> parse("https://example.org"), "folkmoot://join/");
    assertRefused(() -> parse(""), "paste the whole link");
    assertRefused(() -> parse("x".repeat(100_000)), "paste the whole link");
    assertRefused(() -> Invite.parse(link, FakeKeys.VERIFIER, LATER), "ask for a new one");
    assertRefused(() -> Invite.parse(link, FakeKeys.VERIFIER, LATER), "expired on 2027-01-16");
    assertRefused(() -> parse(link + "aa"), "altered");
    byte[] bytes = Base32.decode(link.substring(Invite.PREFIX.length()));
    bytes[0] = 9;
    assertRefused(() -> parse(Invite.PREFIX + Base32.encode(bytes)), "version 9");
    Signer other = FakeKeys.signer(FakeKeys.id(random));
    Signer forger =
        new Signer() {
          @Override
          public PeerId peerId() {
            return issuer.peerId();
          }

          @Override
          public byte[] sign(byte[] message) {
            return other.sign(message);
          }
        };
    assertRefused(() -> parse(Invite.link(invitation(List.of(), List.of()), forger)), "signature");
  }

  @Test
  void whereverItIsCutItSaysSo() {
    String link = Invite.link(invitation(List.of(contact("tls://x:1")), List.of()), issuer);
    for (int length = Invite.PREFIX.length() + 2; length < link.length(); length++) {
      String cut = link.substring(0, length);
      assertRefused(() -> parse(cut), "cut short");
    }
    for (int length = 0; length < Invite.PREFIX.length() + 2; length++) {
      String cut = link.substring(0, length);
      assertThatThrownBy(() -> parse(cut)).isInstanceOf(FolkmootException.class);
    }
  }

  @Test
  void noOtherCharactersPass() {
    String link = Invite.link(invitation(List.of(contact("tls://x:1")), List.of()), issuer);
    for (int run = 0; run < 20_000; run++) {
      StringBuilder wrong = new StringBuilder(link);
      for (int flips = random.nextInt(3); flips >= 0; flips--) {
        wrong.setCharAt(
            random.nextInt(link.length()),
            (char) (run % 16 == 0 ? random.nextInt(65536) : 33 + random.nextInt(94)));
      }
      boolean same = wrong.toString().equalsIgnoreCase(link);
      try {
        Invitation read = parse(wrong.toString());
        assertThat(read).isEqualTo(parse(link));
        assertThat(same || wrong.toString().replaceAll("\\s", "").equalsIgnoreCase(link)).isTrue();
      } catch (FolkmootException refused) {
        assertThat(same).isFalse();
      }
    }
  }

  @Test
  void noBytesDoHarm() {
    byte[] valid =
        Base32.decode(
            Invite.link(invitation(List.of(), List.of()), issuer)
                .substring(Invite.PREFIX.length()));
    for (int run = 0; run < 20_000; run++) {
      byte[] bytes = valid.clone();
      for (int flips = random.nextInt(4); flips >= 0; flips--) {
        // The length stays right, so that what is inside gets read.
        bytes[3 + random.nextInt(bytes.length - 3)] ^= (byte) (1 + random.nextInt(255));
      }
      String link = Invite.PREFIX + Base32.encode(bytes);
      Verifier gullible = (_, _, _) -> true;
      try {
        Invite.parse(link, gullible, NOW);
      } catch (FolkmootException refused) {
        assertThat(refused.code()).isEqualTo(FolkmootException.Code.BAD_REQUEST);
      }
    }
  }
}
