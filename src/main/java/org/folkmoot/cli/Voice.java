package org.folkmoot.cli;

import org.folkmoot.session.Conversation;
import org.folkmoot.session.LanguageModel;
import org.folkmoot.store.StoredModel;

/**
 * The model that speaks in a chat, with the KV cache of the conversation.
 *
 * @param reference what the person called it
 * @param throughSwarm whether the person asked for the swarm
 */
record Voice(String reference, LanguageModel model, Conversation conversation, boolean throughSwarm)
    implements AutoCloseable {
  private static final int LONGEST_NAME = 40;

  /** Opens a model as {@link Models#open} does. */
  static Voice open(
      Surroundings surroundings,
      String reference,
      ModelOpener.Settings settings,
      boolean throughSwarm,
      SwarmWish peers) {
    LanguageModel model = Models.open(surroundings, reference, settings, throughSwarm, peers);
    boolean asked = throughSwarm || peers.ends().isPresent();
    return new Voice(reference, model, model.newConversation(), asked);
  }

  /** Opens a model that is here. */
  static Voice open(
      Surroundings surroundings,
      String reference,
      StoredModel stored,
      ModelOpener.Settings settings) {
    LanguageModel model = ModelOpener.openShowing(surroundings, stored, settings);
    return new Voice(reference, model, model.newConversation(), false);
  }

  /** What to call it in a line. */
  String shortName() {
    return Models.shortName(reference, LONGEST_NAME);
  }

  @Override
  public void close() {
    conversation.close();
    model.close();
  }
}
