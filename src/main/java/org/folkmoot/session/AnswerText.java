package org.folkmoot.session;

import java.util.List;
import java.util.Optional;
import org.folkmoot.engine.tokenizer.StreamDecoder;
import org.folkmoot.engine.tokenizer.Tokenizer;

/** Makes text of tokens as they come, and sees where the answer ends. */
final class AnswerText {
  /**
   * What a token brought.
   *
   * @param text that became certain with it
   * @param ending why the answer ended with it; empty if it goes on
   */
  record Part(String text, Optional<Generation.Ending> ending) {}

  private final Tokenizer tokenizer;
  private final StreamDecoder decoder;
  private final StopStrings stops;

  AnswerText(Tokenizer tokenizer, List<String> stops) {
    this.tokenizer = tokenizer;
    this.decoder = StreamDecoder.ofContinuation(tokenizer);
    this.stops = new StopStrings(stops);
  }

  /**
   * Takes the next token.
   *
   * @param last whether there is no room for another
   */
  Part add(int id, boolean last) {
    String text = "";
    Generation.Ending ending = null;
    if (tokenizer.isEnd(id)) {
      ending = Generation.Ending.END_OF_ANSWER;
    } else {
      text = stops.add(decoder.add(id));
      if (stops.found()) {
        ending = Generation.Ending.STOP_STRING;
      } else if (last) {
        ending = Generation.Ending.LENGTH;
      }
    }
    if (ending != null && !stops.found()) {
      text += stops.add(decoder.finish());
      if (stops.found()) {
        ending = Generation.Ending.STOP_STRING;
      }
      text += stops.finish();
    }
    return new Part(text, Optional.ofNullable(ending));
  }
}
