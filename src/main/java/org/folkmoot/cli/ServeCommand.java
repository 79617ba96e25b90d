package org.folkmoot.cli;

import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.folkmoot.api.ApiEnvironment;
import org.folkmoot.api.ApiKeys;
import org.folkmoot.api.ApiServer;
import org.folkmoot.api.ApiSettings;
import org.folkmoot.api.ListenAddress;
import org.folkmoot.api.ModelProvider;
import org.folkmoot.api.Policy;
import org.folkmoot.session.LanguageModel;
import org.folkmoot.session.LocalModel;
import org.folkmoot.session.Notary;
import org.folkmoot.store.StoredModel;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Serves models over HTTP. */
@Command(
    name = "serve",
    description = {
      "Serve models over HTTP, as OpenAI's API.",
      "With names, these models are opened at once, pulled first if need be, and only they are"
          + " served; without, each model on this machine is opened when it is first asked for.",
      "Other programs reach it at http://127.0.0.1:7411/v1, without a key."
    })
final class ServeCommand implements Callable<Integer> {
  /** What a server needs of the engine. */
  interface Engine {
    /**
     * Makes sure that this machine computes as it must.
     *
     * @throws org.folkmoot.base.FolkmootException ARITHMETIC if it does not
     */
    void selfTest();

    /** Opens a model. */
    LanguageModel open(StoredModel model, ModelOpener.Settings settings);
  }

  private final Surroundings surroundings;
  private final Engine engine;

  @Parameters(paramLabel = "MODEL", arity = "0..*", description = "Models to serve.")
  private List<String> references = new ArrayList<>();

  @Option(
      names = "--http",
      paramLabel = "HOST:PORT",
      description =
          "Where to listen (default: 127.0.0.1:7411). Port 0 is any free one. Beyond loopback"
              + " --api-keys is needed.")
  private @Nullable String http;

  @Option(
      names = "--api-keys",
      paramLabel = "FILE",
      description =
          "Who may call: a file with the SHA-256 of a key and a name on each line. Calls without a"
              + " key are then refused.")
  private @Nullable Path keysFile;

  @Option(
      names = "--allow-origin",
      paramLabel = "ORIGIN",
      description =
          "A web origin whose pages may call, for example https://chat.example; can be repeated.")
  private Set<String> origins = new LinkedHashSet<>();

  @Option(
      names = "--max-models",
      paramLabel = "N",
      description = "The most models open at a time (default: 3, or as many as are named).")
  private @Nullable Integer maxModels;

  /** A small one for drafts, a chat model, one more to try: what fits a usual machine. */
  private static final int USUAL_MAX_MODELS = 3;

  /** Above every turn limit of the API. */
  private static final int MOST_SESSIONS = 64;

  @Option(
      names = "--while",
      paramLabel = "PID",
      hidden = true,
      description =
          "End when that process does, however it ends: for programs that start nodes of their"
              + " own.")
  private @Nullable Long parent;

  @Option(
      names = "--policy",
      paramLabel = "FILE",
      description =
          "What this node does to conversations, for all to see: a JSON file with a system prompt"
              + " and what it refuses (docs/policy.md). Its hash stands in every receipt.")
  private @Nullable Path policyFile;

  @Option(
      names = "--no-moot",
      description = "Leave aside the policy that this home's moot has adopted.")
  private boolean noMoot;

  @Mixin private EngineOptions engineOptions;

  @Mixin private SwarmServing.Options swarm;

  ServeCommand(Surroundings surroundings, Engine engine) {
    this.surroundings = surroundings;
    this.engine = engine;
  }

  @Override
  public Integer call() throws InterruptedException {
    if (parent != null) {
      endWith(parent);
    }
    ApiSettings settings = settings();
    DeclaredPolicy policy = policy();
    // Turns are taken in the server, where waiting is fair; here is only a bound that it never
    // reaches.
    ModelOpener.Settings resources = engineOptions.settings(MOST_SESSIONS);
    engine.selfTest();
    List<StoredModel> named = named();
    try (ServedModels models =
        new ServedModels(offered(named), model -> engine.open(model, resources), most(named))) {
      if (swarm.wanted(surroundings)) {
        serveInSwarm(settings, named, models, resources, policy);
      } else {
        named.forEach(model -> models.open(model.name()).close());
        models.markReady();
        Running running = new Running(surroundings, () -> opened(models));
        models.onChange(running::changed);
        serve(
            settings,
            models,
            environment(Notaries.ofHome(surroundings), policy),
            running,
            () -> {});
      }
    }
    return ExitStatus.OK;
  }

  /** The operator's own policy goes first, else the one of its moot. */
  private DeclaredPolicy policy() {
    if (policyFile != null) {
      return DeclaredPolicy.ofOperator(Optional.of(Policy.read(policyFile)));
    }
    return noMoot
        ? DeclaredPolicy.ofOperator(Optional.empty())
        : DeclaredPolicy.ofMoot(surroundings.console(), MootDefaults.read(surroundings));
  }

  /** The models under their names, and under "moot" the one that the moot has adopted by then. */
  private ModelProvider withMoot(ModelProvider models) {
    return noMoot
        ? models
        : new MootModels(surroundings, models, () -> MootDefaults.read(surroundings));
  }

  private static void endWith(long pid) {
    Runnable end = () -> Runtime.getRuntime().exit(ExitStatus.OK);
    ProcessHandle.of(pid)
        .ifPresentOrElse(
            other -> {
              var _ = other.onExit().thenRun(end);
            },
            end);
  }

  private void serveInSwarm(
      ApiSettings settings,
      List<StoredModel> named,
      ServedModels models,
      ModelOpener.Settings resources,
      DeclaredPolicy policy)
      throws InterruptedException {
    Optional<LocalModel> draft =
        swarm.wish().openDraft(surroundings, resources.contextLength(), MOST_SESSIONS);
    SwarmServing serving;
    try {
      serving =
          SwarmServing.start(
              surroundings,
              swarm,
              named,
              resources,
              policy.get().map(Policy::bytes),
              policy::follow);
    } catch (RuntimeException failed) {
      draft.ifPresent(LocalModel::close);
      throw failed;
    }
    policy.tell(now -> serving.node().declare(now.map(Policy::bytes)));
    Running running =
        new Running(
            surroundings,
            () -> Stream.concat(serving.served().stream(), opened(models).stream()).toList());
    serving.onChange(running::changed);
    models.onChange(running::changed);
    SwarmAudits audits = new SwarmAudits(surroundings, serving.node(), serving.ledger()::audited);
    SwarmModels asked =
        new SwarmModels(
            surroundings, serving.node(), models, draft, swarm.wish(), resources, most(named));
    models.markReady();
    serve(
        settings,
        asked,
        environment(Notaries.watched(surroundings, List.of(), audits::answered), policy)
            .with(serving.ledger()),
        running,
        () -> {
          audits.close();
          try {
            asked.close();
          } finally {
            serving.close();
            draft.ifPresent(LocalModel::close);
          }
        });
  }

  /** The models that answer programs from this machine alone. */
  private static List<Running.Model> opened(ServedModels models) {
    return models.opened().stream()
        .map(model ->
            new Running.Model(model.name(), model.sha256(), model.size(), "all", "programs"))
        .toList();
  }

  private ApiSettings settings() {
    ListenAddress address = http == null ? ListenAddress.DEFAULT : ListenAddress.parse(http);
    Optional<ApiKeys> keys = Optional.ofNullable(keysFile).map(ApiKeys::read);
    return ApiSettings.of(address, keys).withOrigins(origins);
  }

  private List<StoredModel> named() {
    return references.stream().map(name -> Models.find(surroundings, name)).distinct().toList();
  }

  private Supplier<List<StoredModel>> offered(List<StoredModel> named) {
    return named.isEmpty() ? () -> Models.store(surroundings).list() : () -> named;
  }

  private int most(List<StoredModel> named) {
    return maxModels == null
        ? Math.max(USUAL_MAX_MODELS, named.size())
        : Math.max(Math.max(1, maxModels), named.size());
  }

  private ApiEnvironment environment(Notary notary, DeclaredPolicy policy) {
    SecureRandom random = new SecureRandom();
    return new ApiEnvironment(
        surroundings.clock(), System::nanoTime, random::nextLong, notary, policy);
  }

  /** Says where, and serves until the process is told to end. */
  private void serve(
      ApiSettings settings,
      ModelProvider models,
      ApiEnvironment environment,
      Running running,
      Runnable last)
      throws InterruptedException {
    try (ApiServer server = ApiServer.start(settings, withMoot(models), environment)) {
      running.reached("http://" + server.address());
      serve(
          server,
          () -> {
            running.close();
            last.run();
          });
    } catch (RuntimeException failed) {
      last.run();
      throw failed;
    }
  }

  private void serve(ApiServer server, Runnable last) throws InterruptedException {
    CountDownLatch stopped = new CountDownLatch(1);
    Thread hook =
        new Thread(() -> {
          server.stop();
          last.run();
          stopped.countDown();
        });
    Runtime runtime = Runtime.getRuntime();
    runtime.addShutdownHook(hook);
    try {
      surroundings.console().out().println("listening on http://" + server.address());
      stopped.await();
    } catch (InterruptedException e) {
      runtime.removeShutdownHook(hook);
      last.run();
      throw e;
    }
  }
}
