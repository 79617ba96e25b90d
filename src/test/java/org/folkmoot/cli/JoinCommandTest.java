package org.folkmoot.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.List;
import org.folkmoot.base.Hash32;
import org.folkmoot.cli.swarm.SwarmFolder;
import org.folkmoot.peer.Identity;
import org.folkmoot.peer.Invite;
import org.folkmoot.wire.Invitation;
import org.folkmoot.wire.Message.Contact;
import org.folkmoot.wire.PeerAddress;
import org.folkmoot.wire.SwarmId;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Invites that are no good, as people paste them; and that no home joins anything unasked. */
class JoinCommandTest {
  @TempDir private Path home;

  private final TestConsole console = new TestConsole();

  @BeforeEach
  void setUp() {
    console.environment.put("FOLKMOOT_HOME", home.toString());
    console.environment.put("FOLKMOOT_LAN", "0");
  }

  private String link() {
    Identity issuer = Identity.random(new SecureRandom());
    return Invite.link(
        new Invitation(
            new SwarmId(Hash32.sha256(new byte[] {1})),
            "Our moot",
            new Contact(issuer.peerId(), List.of(PeerAddress.parse("tls://192.0.2.1:7410"))),
            List.of(),
            List.of(),
            console.now.plus(Duration.ofDays(7)).toEpochMilli()),
        issuer);
  }

  private void assertRefused(String link, String says) {
    assertThat(console.run("join", link)).as(console.err()).isEqualTo(ExitStatus.WRONG_CALL);
    assertThat(console.err()).contains(says);
    assertThat(console.err().lines()).hasSize(1);
    assertThat(console.out()).isEmpty();
    assertThat(new SwarmFolder(home).joined()).isEmpty();
  }

  @Test
  void anInviteThatIsCutShortIsRefused() {
    String whole = link();
    for (int length : new int[] {whole.length() - 1, whole.length() / 2, 20}) {
      assertRefused(whole.substring(0, length), "cut short");
    }
  }

  @Test
  void anInviteThatHasExpiredIsRefused() {
    String link = link();
    console.pass(Duration.ofDays(8));
    assertRefused(link, "expired");
  }

  @Test
  void aForgedInviteIsRefused() {
    String link = link();
    int middle = link.length() / 2;
    char other = link.charAt(middle) == 'a' ? 'b' : 'a';
    assertRefused(link.substring(0, middle) + other + link.substring(middle + 1), "was altered");
  }

  @Test
  void nothingIsJoinedUnlessSomebodyAsks() {
    for (String[] call :
        new String[][] {{"status"}, {"peers"}, {"ls"}, {"ps"}, {"invite"}, {"run", "m", "hi"}}) {
      int _ = console.run(call);
      assertThat(new SwarmFolder(home).joined()).as(call[0]).isEmpty();
      assertThat(home.resolve("keys")).as(call[0]).doesNotExist();
    }
  }
}
