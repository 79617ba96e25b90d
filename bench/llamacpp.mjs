#!/usr/bin/env node
/**
 * Measures llama.cpp (through node-llama-cpp, CPU backend only) on one GGUF file.
 *
 *   node bench/llamacpp.mjs MODEL.gguf [--threads 2] [--repeat 5] [--parallel 8] [--behind POSITIONS] [--json]
 *
 * What is measured, each as the median of the repetitions (the JSON keeps the single figures too):
 *
 *   pp128, pp512   tokens/s of evaluating a prompt of 128 (512) tokens on an empty context in one batch,
 *                  up to and including the first sampled token
 *   tg64           tokens/s of 64 greedy decode steps, one token each, after a prompt of 16
 *   tg64x8         tokens/s, all sequences together, of 8 sequences that decode 64 tokens side by side
 *   tg64behind     with --behind: tg64 after a prompt of so many tokens; tg64behind128 the same after 128, in turn with it
 *   ttftMillis     from the start of a fresh process to its first token, for a prompt of 32 tokens, file in the page cache
 *   peakMiB        highest resident memory (VmHWM) of the process that measured pp and tg; runtimeMiB of it was
 *                  there before the model was loaded (Node and the library)
 *
 * Loading the model and one warm-up run are never part of pp and tg. Everything that llama.cpp decides for itself is
 * left alone (flash attention, KV types, micro-batch of 512, mmap, weight repacking); "settings" in the JSON says what came out.
 * The package carries one CPU library for each generation of processors and loads the best that fits: "backend" names it.
 * The measuring runs in child processes, so that each figure has a process of its own and this one stays idle.
 */
import {execFile, spawn} from "node:child_process";
import {existsSync, readFileSync} from "node:fs";
import {cpus} from "node:os";
import {basename} from "node:path";
import {fileURLToPath} from "node:url";
import {parseArgs, promisify} from "node:util";

const PROMPT_SHORT = 16; // what tg64 decodes after
const PROMPT_FIRST = 32; // a short question in a chat template
const DECODE = 64;
const CONTEXT = 1024; // holds 512 + 64; the same for every figure, so that peakMiB counts one KV cache
const PARALLEL_CONTEXT = 256; // per sequence: holds 16 + 64
const KIB_PER_MIB = 1024;

// Node hands each step to one of four worker threads, and llama.cpp starts its own threads beside the one that it gets.
// With a single worker the work stays where its caches are: 110–130 decode steps a second where four gave 45–80.
const CHILD_ENVIRONMENT = {...process.env, UV_THREADPOOL_SIZE: "1"};

const {values: options, positionals} = parseArgs({
    allowPositionals: true,
    options: {
        threads: {type: "string", default: "2"},
        repeat: {type: "string", default: "5"},
        parallel: {type: "string", default: "8"},
        behind: {type: "string"},
        json: {type: "boolean", default: false},
        child: {type: "string"} // internal: which measurement this process makes
    }
});
const model = positionals[0];
const threads = positive("threads");
const repeat = positive("repeat");
const parallel = positive("parallel");
const behind = options.behind === undefined ? 0 : positive("behind");
if (positionals.length !== 1) fail("usage: llamacpp.mjs MODEL.gguf [--threads 2] [--repeat 5] [--parallel 8] [--behind POSITIONS] [--json]");
if (!existsSync(model)) fail(`there is no file ${model}`);

const measurements = {throughput, together, long, first};
if (options.child !== undefined) {
    await measurements[options.child]();
    process.exit(0); // the library's worker threads would keep the process for a while
}
report(await measure());

/** Runs every measurement in child processes, one after another. */
async function measure() {
    const alone = await child("throughput");
    const side = await child("together");
    const far = behind > 0 ? await child("long") : {};
    const ttft = [];
    for (let i = 0; i < repeat; i++) ttft.push(await firstToken());
    return {
        engine: "llama.cpp",
        model: basename(model),
        threads,
        pp128: median(alone.pp128),
        pp512: median(alone.pp512),
        tg64: median(alone.tg64),
        [`tg64x${parallel}`]: median(side.rates),
        ...Object.fromEntries(Object.entries(far).map(([key, rates]) => [key, median(rates)])),
        ttftMillis: median(ttft),
        peakMiB: alone.peakMiB,
        runtimeMiB: alone.runtimeMiB,
        loadMillis: alone.loadMillis,
        runs: {pp128: alone.pp128, pp512: alone.pp512, tg64: alone.tg64, [`tg64x${parallel}`]: side.rates, ...far, ttftMillis: ttft},
        settings: alone.settings,
        cpu: cpus()[0]?.model.trim()
    };
}

/** Child: prompt and decode speed of one sequence, and the memory that this takes. */
async function throughput() {
    const runtimeMiB = peakMiB();
    const started = performance.now();
    const {context, settings} = await open(CONTEXT, 1);
    const loadMillis = round(performance.now() - started);
    const sequence = context.getSequence();
    const result = {pp128: [], pp512: [], tg64: []};
    for (let i = -1; i < repeat; i++) {
        for (const [key, value] of [
            ["pp128", await promptRate(sequence, 128)],
            ["pp512", await promptRate(sequence, 512)],
            ["tg64", await decodeRate(sequence)]
        ]) if (i >= 0) result[key].push(value); // the round before 0 warms up
    }
    answer({...result, peakMiB: peakMiB(), runtimeMiB, loadMillis, settings: settings()});
}

/** Child: several sequences decoding side by side; the library puts their steps in one batch. */
async function together() {
    const {context} = await open(PARALLEL_CONTEXT, parallel);
    const sequences = Array.from({length: parallel}, () => context.getSequence());
    const rates = [];
    for (let i = -1; i < repeat; i++) {
        const streams = await Promise.all(sequences.map((sequence, index) => prompted(sequence, PROMPT_SHORT, index)));
        const started = performance.now();
        // Step by step: steps asked for in the same turn of the event loop share a batch, stragglers would split it.
        for (let t = 0; t < DECODE; t++) await Promise.all(streams.map((stream) => stream.next()));
        if (i >= 0) rates.push(rate(parallel * DECODE, started));
        await Promise.all(streams.map((stream) => stream.return()));
    }
    answer({rates});
}

/** Child: decode behind a short prompt and a long one, in turn. */
async function long() {
    const {context} = await open(behind + 2 * DECODE, 1);
    const sequence = context.getSequence();
    const result = {tg64behind128: [], tg64behind: []};
    for (let i = -1; i < repeat; i++) {
        const near = await decodeRate(sequence, 128);
        const far = await decodeRate(sequence, behind);
        if (i >= 0) {
            result.tg64behind128.push(near);
            result.tg64behind.push(far);
        }
    }
    answer(result);
}

/** Child: says "token" on its standard output as soon as it has the first one. */
async function first() {
    const {context} = await open(CONTEXT, 1);
    const stream = context.getSequence().evaluate(prompt(context.model, PROMPT_FIRST), {temperature: 0, yieldEogToken: true});
    await stream.next();
    process.stdout.write("token\n");
}

async function promptRate(sequence, length) {
    await sequence.clearHistory();
    const tokens = prompt(sequence.model, length);
    const started = performance.now();
    const stream = sequence.evaluate(tokens, {temperature: 0, yieldEogToken: true});
    await stream.next();
    const result = rate(length, started);
    await stream.return();
    return result;
}

async function decodeRate(sequence, length = PROMPT_SHORT) {
    const stream = await prompted(sequence, length, 0);
    const started = performance.now();
    for (let t = 0; t < DECODE; t++) await stream.next();
    const result = rate(DECODE, started);
    await stream.return();
    return result;
}

/** A greedy stream whose prompt has been evaluated: each further next() is one decode step. */
async function prompted(sequence, length, salt) {
    await sequence.clearHistory();
    const stream = sequence.evaluate(prompt(sequence.model, length, salt), {temperature: 0, yieldEogToken: true});
    await stream.next();
    return stream;
}

/** Ids spread over the vocabulary: speed does not depend on them, but real text would need a tokenizer of its own kind. */
function prompt(llamaModel, length, salt = 0) {
    const size = llamaModel.fileInfo.metadata.tokenizer.ggml.tokens.length;
    return Array.from({length}, (_, i) => 100 + ((i * 7919 + salt * 104729) % (size - 400)));
}

async function open(contextSize, sequences) {
    const {getLlama, LlamaLogLevel} = await import("node-llama-cpp").catch(() =>
        fail("node-llama-cpp is not installed: run `npm install` in bench/"));
    const log = [];
    const llama = await getLlama({
        gpu: false,
        build: "never",
        maxThreads: threads,
        logLevel: LlamaLogLevel.info,
        logger: (_, message) => log.push(message)
    });
    const loaded = await llama.loadModel({modelPath: model});
    const context = await loaded.createContext({contextSize, sequences, threads: {ideal: threads, min: threads}});
    const settings = () => describe(llama, loaded, context, log.join("\n"));
    return {context, settings};
}

/** What llama.cpp chose, from its own log where the library does not say. */
function describe(llama, loaded, context, log) {
    const found = (pattern) => log.match(pattern)?.[1] ?? "not said";
    return {
        library: `node-llama-cpp ${JSON.parse(readFileSync(new URL("node_modules/node-llama-cpp/package.json", import.meta.url))).version}`,
        release: llama.llamaCppRelease.release,
        build: llama.buildType,
        backend: loadedBackend(),
        systemInfo: llama.systemInfo.trim(),
        threads: context.currentThreads,
        batch: context.batchSize,
        context: context.contextSize,
        flashAttention: `${context.flashAttention}: ${found(/Flash Attention (\w+)/)}`,
        cacheKeys: found(/K \((\w+)\)/),
        cacheValues: found(/V \((\w+)\)/),
        mmap: loaded.useMmap,
        buffersMiB: Object.fromEntries([...log.matchAll(/(\S+) +(?:model|KV|compute) buffer size = +([\d.]+) MiB/g)]
            .map(([text, name, size]) => [`${name} ${text.match(/model|KV|compute/)[0]}`, Number(size)]))
    };
}

/** The CPU backend is one of several shared libraries, chosen by what the processor has; the memory map names it. */
function loadedBackend() {
    try {
        return readFileSync("/proc/self/maps", "utf8").match(/libggml-cpu[^/\s]*\.so/)?.[0];
    } catch {
        return undefined; // not Linux
    }
}

function peakMiB() {
    try {
        return round(Number(readFileSync("/proc/self/status", "utf8").match(/VmHWM:\s+(\d+) kB/)[1]) / KIB_PER_MIB);
    } catch {
        return round(process.resourceUsage().maxRSS / KIB_PER_MIB); // not Linux
    }
}

function childArguments(name) {
    return [fileURLToPath(import.meta.url), model, "--threads", `${threads}`, "--repeat", `${repeat}`, "--parallel", `${parallel}`,
        ...(behind > 0 ? ["--behind", `${behind}`] : []), "--child", name];
}

async function child(name) {
    const {stdout} = await promisify(execFile)(process.execPath, childArguments(name), {env: CHILD_ENVIRONMENT, maxBuffer: 1 << 26})
        .catch((error) => fail(`the measurement "${name}" failed: ${error.stderr || error.message}`));
    return JSON.parse(stdout.slice(stdout.lastIndexOf("\n{") + 1));
}

/** Milliseconds from just before a process is started until its first token reaches us. */
function firstToken() {
    return new Promise((resolve) => {
        const started = performance.now();
        const starting = spawn(process.execPath, childArguments("first"), {env: CHILD_ENVIRONMENT, stdio: ["ignore", "pipe", "inherit"]});
        let millis;
        starting.stdout.on("data", (data) => {
            if (millis === undefined && data.includes("token\n")) millis = round(performance.now() - started);
        });
        starting.on("close", () => millis === undefined ? fail("no first token came") : resolve(millis));
    });
}

function answer(result) {
    process.stdout.write(`\n${JSON.stringify(result)}`);
}

function report(result) {
    if (options.json) return console.log(JSON.stringify(result, null, 2));
    for (const [key, value] of Object.entries(result)) if (typeof value !== "object") console.log(`${key.padEnd(12)} ${value}`);
    console.log(`${"backend".padEnd(12)} ${result.settings.backend}\n${"systemInfo".padEnd(12)} ${result.settings.systemInfo}`);
}

function rate(tokens, started) {
    return round(tokens / (performance.now() - started) * 1000);
}

function median(values) {
    const sorted = [...values].sort((a, b) => a - b);
    const middle = sorted.length >> 1;
    return sorted.length % 2 ? sorted[middle] : round((sorted[middle - 1] + sorted[middle]) / 2);
}

function round(value) {
    return Math.round(value * 100) / 100;
}

function positive(name) {
    const value = Number(options[name]);
    return Number.isInteger(value) && value > 0 ? value : fail(`--${name} must be a whole number above 0`);
}

function fail(message) {
    console.error(message);
    process.exit(1);
}
