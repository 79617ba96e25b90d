package org.folkmoot.peer;

import static org.folkmoot.base.FolkmootException.Code.BAD_FILE;
import static org.folkmoot.base.FolkmootException.Code.NO_ROOM;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFileAttributeView;
import java.nio.file.attribute.PosixFilePermission;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.Base64;
import java.util.EnumSet;
import java.util.Set;
import org.bouncycastle.asn1.ASN1BitString;
import org.bouncycastle.asn1.pkcs.PrivateKeyInfo;
import org.bouncycastle.crypto.params.Ed25519PrivateKeyParameters;
import org.bouncycastle.crypto.util.PrivateKeyFactory;
import org.bouncycastle.crypto.util.PrivateKeyInfoFactory;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.base.PrivateFile;
import org.jspecify.annotations.Nullable;

/**
 * A private key on disk: PKCS#8 with the public key beside it (RFC 8410, RFC 5958) in PEM, as other
 * tools read it. The public key tells a damaged file from a different peer.
 */
final class KeyFile {
  /** Ours has 167 bytes; comments of other tools fit. */
  private static final int MAX_BYTES = 1024;

  private static final String BEGIN = "-----BEGIN PRIVATE KEY-----";
  private static final String END = "-----END PRIVATE KEY-----";
  private static final Set<PosixFilePermission> OF_OTHERS =
      EnumSet.of(
          PosixFilePermission.GROUP_READ,
          PosixFilePermission.GROUP_WRITE,
          PosixFilePermission.OTHERS_READ,
          PosixFilePermission.OTHERS_WRITE);

  private final Path file;

  KeyFile(Path file) {
    this.file = file.toAbsolutePath();
  }

  Identity readOrCreate(SecureRandom random) {
    try {
      if (!Files.exists(file)) {
        create(Identity.random(random));
      }
      return read();
    } catch (IOException e) {
      throw new FolkmootException(
          NO_ROOM,
          "this peer's key cannot be kept in \"" + file + "\": make the folder writable",
          e);
    }
  }

  /**
   * Writes the file whole or not at all, and never over one that is there: of two processes that
   * start at once both then use the key of the first.
   */
  private void create(Identity identity) throws IOException {
    PrivateFile.makeFolder(file);
    // Temporary files are the owner's only, by their contract.
    Path fresh = Files.createTempFile(file.getParent(), ".new-", "");
    try {
      try (FileChannel out = FileChannel.open(fresh, StandardOpenOption.WRITE)) {
        ByteBuffer bytes = ByteBuffer.wrap(encode(identity));
        while (bytes.hasRemaining()) {
          out.write(bytes);
        }
        out.force(true);
      }
      try {
        Files.createLink(file, fresh);
      } catch (FileAlreadyExistsException madeMeanwhile) {
        return;
      } catch (UnsupportedOperationException | IOException noLinksHere) {
        Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE);
      }
    } finally {
      Files.deleteIfExists(fresh);
    }
  }

  private Identity read() throws IOException {
    PosixFileAttributeView view = Files.getFileAttributeView(file, PosixFileAttributeView.class);
    if (view != null
        && view.readAttributes().permissions().stream().anyMatch(OF_OTHERS::contains)) {
      throw new FolkmootException(
          BAD_FILE, "others can read or change this peer's key: run chmod 600 \"" + file + "\"");
    }
    byte[] bytes;
    try (InputStream in = Files.newInputStream(file)) {
      bytes = in.readNBytes(MAX_BYTES + 1);
    }
    return decode(bytes);
  }

  private static byte[] encode(Identity identity) throws IOException {
    byte[] der = PrivateKeyInfoFactory.createPrivateKeyInfo(identity.secret()).getEncoded();
    String body = Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(der);
    return (BEGIN + "\n" + body + "\n" + END + "\n").getBytes(StandardCharsets.US_ASCII);
  }

  private Identity decode(byte[] bytes) {
    String text = new String(bytes, StandardCharsets.US_ASCII);
    int begin = text.indexOf(BEGIN);
    int end = text.indexOf(END);
    if (bytes.length > MAX_BYTES || begin < 0 || end < begin + BEGIN.length()) {
      throw damaged(null);
    }
    try {
      String body = text.substring(begin + BEGIN.length(), end);
      PrivateKeyInfo info = PrivateKeyInfo.getInstance(Base64.getMimeDecoder().decode(body));
      ASN1BitString open = info.getPublicKeyData();
      if (open != null
          && PrivateKeyFactory.createKey(info) instanceof Ed25519PrivateKeyParameters secret
          && Arrays.equals(open.getOctets(), secret.generatePublicKey().getEncoded())) {
        return new Identity(secret);
      }
    } catch (IOException | RuntimeException malformed) {
      // The parser tells what it cannot read by many a RuntimeException.
      throw damaged(malformed);
    }
    throw damaged(null);
  }

  private FolkmootException damaged(@Nullable Exception cause) {
    return new FolkmootException(
        BAD_FILE,
        "this peer's key \""
            + file
            + "\" is damaged: restore it from a copy, or delete it to become a new peer",
        cause);
  }
}
