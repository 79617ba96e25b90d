package org.folkmoot.ledger.anchor;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.folkmoot.base.FolkmootException.Code.BAD_FILE;
import static org.folkmoot.base.FolkmootException.Code.NOT_FOUND;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.security.SecureRandom;
import java.util.EnumSet;
import java.util.Locale;
import java.util.Set;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.base.PrivateFile;
import org.web3j.crypto.Credentials;
import org.web3j.crypto.ECKeyPair;
import org.web3j.crypto.Keys;
import org.web3j.crypto.Sign;

/** An account's key on an EVM chain (secp256k1), kept in a file that only its owner may read. */
public final class EvmKey {
  private static final int DIGITS = 64;

  /** A key with a line's end and a prefix. */
  private static final int MAX_FILE_BYTES = 128;

  private static final Set<PosixFilePermission> OTHERS =
      EnumSet.of(
          PosixFilePermission.GROUP_READ,
          PosixFilePermission.GROUP_WRITE,
          PosixFilePermission.OTHERS_READ,
          PosixFilePermission.OTHERS_WRITE);

  private final Credentials credentials;

  private EvmKey(BigInteger secret) {
    this.credentials = Credentials.create(ECKeyPair.create(secret));
  }

  /** A new key. */
  public static EvmKey draw(SecureRandom random) {
    BigInteger order = Sign.CURVE_PARAMS.getN();
    BigInteger secret;
    do {
      secret = new BigInteger(order.bitLength(), random);
    } while (secret.signum() == 0 || secret.compareTo(order) >= 0);
    return new EvmKey(secret);
  }

  /** The key of 64 hexadecimal digits, with or without {@code 0x}; anything else is BAD_FILE. */
  static EvmKey ofHex(String hex) {
    String digits = hex.strip();
    digits = digits.startsWith("0x") ? digits.substring(2) : digits;
    if (digits.length() == DIGITS && digits.toLowerCase(Locale.ROOT).matches("[0-9a-f]+")) {
      BigInteger secret = new BigInteger(digits, 16);
      if (secret.signum() > 0 && secret.compareTo(Sign.CURVE_PARAMS.getN()) < 0) {
        return new EvmKey(secret);
      }
    }
    throw new FolkmootException(BAD_FILE, "a chain's key is 64 hexadecimal digits, this is not");
  }

  /**
   * Reads a key.
   *
   * @throws FolkmootException NOT_FOUND if there is no such file, BAD_FILE if it holds no key or
   *     others may read it
   */
  public static EvmKey read(Path file) {
    try {
      if (!Files.isRegularFile(file)) {
        throw new FolkmootException(NOT_FOUND, "there is no key at " + file);
      }
      if (Files.size(file) > MAX_FILE_BYTES) {
        throw new FolkmootException(BAD_FILE, file + " is too large for a chain's key");
      }
      if (Files.getFileStore(file).supportsFileAttributeView("posix")
          && Files.getPosixFilePermissions(file).stream().anyMatch(OTHERS::contains)) {
        throw new FolkmootException(
            BAD_FILE, "others may read or write the key " + file + ": call chmod 600 on it");
      }
      return ofHex(Files.readString(file, US_ASCII));
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
  }

  /** Reads a key, or draws one and writes it, for its owner only. */
  public static EvmKey readOrDraw(Path file, SecureRandom random) {
    if (Files.exists(file)) {
      return read(file);
    }
    EvmKey fresh = draw(random);
    String hex = fresh.credentials.getEcKeyPair().getPrivateKey().toString(16);
    try {
      PrivateFile.write(file, ("0".repeat(DIGITS - hex.length()) + hex + "\n").getBytes(US_ASCII));
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
    return fresh;
  }

  /** The account's address, in EIP-55's mixed case. */
  public String address() {
    return Keys.toChecksumAddress(credentials.getAddress());
  }

  Credentials credentials() {
    return credentials;
  }
}
