package org.folkmoot.api;

/** What all requests share. */
record Service(
    ModelProvider models,
    ApiEnvironment environment,
    FairGate gate,
    ActiveAnswers answers,
    BodyBudget bodies,
    Metrics metrics) {}
