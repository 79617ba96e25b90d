package org.folkmoot.simulation;

import java.util.Arrays;
import org.folkmoot.wire.Message;
import org.folkmoot.wire.MessageCodec;
import org.folkmoot.wire.WireException;

/** Frames in a few words, for the report of a failure. */
final class FrameText {
  private FrameText() {}

  /** What a frame says. */
  static String of(byte[] frame) {
    Message message;
    try {
      message = MessageCodec.decode(frame);
    } catch (WireException bad) {
      return "nonsense of %d bytes".formatted(frame.length);
    }
    String kind = message.getClass().getSimpleName();
    return switch (message) {
      case Message.Goodbye m -> "%s %s".formatted(kind, m.reason());
      case Message.Open m ->
          "%s %s epoch %d, %s, sends from %d, before it %s, behind %s"
              .formatted(
                  kind,
                  m.session(),
                  m.epoch(),
                  m.range(),
                  m.sendFrom(),
                  m.upstream(),
                  m.next().map(Message.Contact::peer));
      case Message.Opened m -> "%s %s epoch %d".formatted(kind, m.session(), m.epoch());
      case Message.Refused m ->
          "%s %s epoch %d %s %s".formatted(kind, m.session(), m.epoch(), m.reason(), m.text());
      case Message.Forward m ->
          "%s %s epoch %d, %d at %d, wanted from %d"
              .formatted(kind, m.session(), m.epoch(), m.tokens(), m.position(), m.wantFrom());
      case Message.Draft m ->
          "%s %s epoch %d, %s at %d"
              .formatted(kind, m.session(), m.epoch(), Arrays.toString(m.ids()), m.position());
      case Message.Computed m ->
          "%s %s epoch %d, from layer %d, %d at %d"
              .formatted(kind, m.session(), m.epoch(), m.fromLayer(), m.tokens(), m.position());
      case Message.Sampled m ->
          "%s %s epoch %d, %s"
              .formatted(
                  kind,
                  m.session(),
                  m.epoch(),
                  m.tokens().stream()
                      .map(token -> token.id() + " at " + token.position())
                      .toList());
      case Message.Rewire m ->
          "%s %s epoch %d, before it %s, behind %s, replay from %d"
              .formatted(
                  kind,
                  m.session(),
                  m.epoch(),
                  m.upstream(),
                  m.next().map(Message.Contact::peer),
                  m.replayFrom());
      case Message.Rewired m ->
          "%s %s epoch %d, has %d".formatted(kind, m.session(), m.epoch(), m.length());
      case Message.HopLost m ->
          "%s %s epoch %d, %s".formatted(kind, m.session(), m.epoch(), m.lost());
      case Message.Close m -> "%s %s".formatted(kind, m.session());
      default -> kind;
    };
  }
}
