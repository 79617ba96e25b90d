package org.folkmoot.cli;

import static org.folkmoot.base.FolkmootException.Code.BAD_REQUEST;

import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.ledger.LedgerStore;
import org.folkmoot.ledger.PublicWitnesses;
import org.folkmoot.ledger.WitnessKeys;
import org.folkmoot.peer.Identity;

/** {@code ledger cosign}: public witnesses are asked while a person waits. */
final class LedgerWitnesses {
  private static final Duration DEADLINE = Duration.ofSeconds(20);

  private final Surroundings surroundings;
  private final LedgerHome home;

  LedgerWitnesses(Surroundings surroundings) {
    this.surroundings = surroundings;
    home = new LedgerHome(surroundings);
  }

  int cosign(boolean wishesJson) {
    List<WitnessKeys.Known> known =
        WitnessKeys.read(home.folder()).stream().filter(one -> one.address().isPresent()).toList();
    if (known.isEmpty()) {
      throw new FolkmootException(
          BAD_REQUEST,
          "no witness to ask: write its verifier key and its address into %s, one witness a line"
              .formatted(home.folder().resolve(WitnessKeys.FILE)));
    }
    List<Map<String, Object>> said = new ArrayList<>();
    boolean all = true;
    Identity identity = home.identity();
    try (LedgerStore store = home.open(identity);
        PublicWitnesses witnesses = new PublicWitnesses(store, DEADLINE)) {
      for (WitnessKeys.Known witness : known) {
        Map<String, Object> one = new LinkedHashMap<>();
        one.put("witness", witness.key().name());
        try {
          one.put("news", witnesses.cosign(identity.peerId(), witness));
        } catch (FolkmootException failed) {
          one.put("failed", String.valueOf(failed.getMessage()));
          all = false;
        }
        said.add(one);
      }
    }
    Console console = surroundings.console();
    if (wishesJson) {
      JsonOutput.print(console, Map.of("witnesses", said));
    } else {
      said.forEach(one -> console.out().printf("%s: %s%n", one.get("witness"), words(one)));
    }
    return all ? ExitStatus.OK : ExitStatus.FAILED;
  }

  private static Object words(Map<String, Object> one) {
    Object failed = one.get("failed");
    if (failed != null) {
      return failed;
    }
    return Boolean.TRUE.equals(one.get("news")) ? "cosigned" : "nothing new to cosign";
  }
}
