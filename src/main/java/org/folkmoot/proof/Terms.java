package org.folkmoot.proof;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.util.List;
import java.util.Optional;
import org.folkmoot.base.Hash32;
import org.folkmoot.engine.sampling.SamplerSettings;
import org.folkmoot.wire.HopStatement;
import org.folkmoot.wire.Limits;
import org.folkmoot.wire.Message;
import org.folkmoot.wire.ModelId;
import org.folkmoot.wire.SamplingHash;
import org.folkmoot.wire.SessionId;

/**
 * All that shaped an answer beside its prompt. What did and does not stand here shows as a
 * mismatch.
 *
 * @param session the session, which hops sign too
 * @param model the model
 * @param adapters applied in this order; none today
 * @param template {@link #hashOf} the chat template; empty where the prompt was taken as it came
 * @param systemPrompt {@link #hashOf} the system prompt, if there was one
 * @param sampler how tokens were chosen
 * @param policies hashes of what the issuer declares to do beyond asking; those of hops stand with
 *     them
 */
public record Terms(
    SessionId session,
    ModelId model,
    List<Hash32> adapters,
    Optional<Hash32> template,
    Optional<Hash32> systemPrompt,
    SamplerSettings sampler,
    List<Hash32> policies) {
  /** Policies of an issuer. */
  public static final int MAX_POLICIES = 8;

  /** Checks the bounds and copies. */
  public Terms {
    adapters = List.copyOf(adapters);
    policies = List.copyOf(policies);
    if (adapters.size() > HopStatement.MAX_ADAPTERS
        || policies.size() > MAX_POLICIES
        || sampler.logitBias().size() > Limits.MAX_BIAS) {
      throw new IllegalArgumentException("more adapters, policies or biases than can be");
    }
  }

  /** What names a chat template or a system prompt: the hash of its characters in UTF-8. */
  public static Hash32 hashOf(String text) {
    return Hash32.sha256(text.getBytes(UTF_8));
  }

  /** What the last hop's {@link HopStatement.Sampled} must name. */
  public Hash32 samplingHash() {
    return SamplingHash.of(sampling());
  }

  /** The sampler's settings as a last hop is told them. */
  public Message.Sampling sampling() {
    return new Message.Sampling(
        sampler.temperature(),
        sampler.topK(),
        sampler.topP(),
        sampler.minP(),
        sampler.repeatPenalty(),
        sampler.repeatWindow(),
        sampler.seed(),
        sampler.logitBias(),
        new int[0],
        -1);
  }
}
