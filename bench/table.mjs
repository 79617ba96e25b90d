#!/usr/bin/env node
/**
 * Prints the Markdown table of a comparison (bench/compare): node bench/table.mjs FOLDER ROUNDS MODEL.
 * FOLDER holds N.ours.json, N.peer.json and N.busy for each round N from 1.
 */
import {readFileSync, statSync} from "node:fs";
import {basename, join} from "node:path";

const ROWS = [
    {key: "pp128", name: "prompt of 128, tokens/s", digits: 1, higher: true},
    {key: "pp512", name: "prompt of 512, tokens/s", digits: 1, higher: true},
    {key: "tg64", name: "decode 64, tokens/s", digits: 1, higher: true},
    {key: "tg64x8", name: "decode 64, 8 sequences, tokens/s", digits: 1, higher: true},
    {key: "tg64behind128", name: "decode 64 behind 128, tokens/s", digits: 1, higher: true},
    {key: "tg64behind", name: "decode 64 behind a long prompt, tokens/s", digits: 1, higher: true},
    {key: "ttftMillis", name: "cold start to first token, ms", digits: 0, higher: false},
    {key: "peakMiB", name: "peak resident memory, MiB", digits: 0, higher: false}
];

const [folder, rounds, model] = process.argv.slice(2);
const numbers = Array.from({length: Number(rounds)}, (_, i) => i + 1);
const read = (number, kind) => JSON.parse(readFileSync(join(folder, `${number}.${kind}.json`), "utf8"));
const ours = numbers.map((number) => read(number, "ours"));
const peer = numbers.map((number) => read(number, "peer"));
const busy = numbers.map((number) => Number(readFileSync(join(folder, `${number}.busy`), "utf8")));

const {settings, threads, cpu, runtimeMiB} = peer[0];
const lines = [
    `**${basename(model)}** (${(statSync(model).size / 2 ** 20).toFixed(0)} MiB), ${threads} threads, ${cpu}, medians of ${rounds} rounds in turn`,
    "",
    "| | Folkmoot | llama.cpp | Folkmoot ÷ llama.cpp (lowest–highest) |",
    "|---|---:|---:|---:|",
    ...ROWS.filter(({key}) => [...ours, ...peer].every((run) => Number.isFinite(run[key]))).map(row),
    ""
];
const bandwidth = ours.map((run) => run.readGBps).filter(Number.isFinite);
if (bandwidth.length > 0) lines.push(`Read bandwidth of the machine: ${median(bandwidth).toFixed(1)} GB/s.`);
lines.push(
    `llama.cpp ${settings.release} through ${settings.library} (${settings.build}), backend ${settings.backend}, ` +
    `flash attention ${settings.flashAttention}, KV ${settings.cacheKeys}/${settings.cacheValues}, micro-batch ${settings.batch}, ` +
    `mmap ${settings.mmap}; its memory includes ${runtimeMiB} MiB of Node, and its cold start Node's.`,
    `${settings.systemInfo}`
);
if (busy.some((percent) => percent >= 10)) lines.push(`Other programs used ${busy.join(", ")} % of the CPUs as the rounds began.`);
console.log(lines.join("\n"));

function row({key, name, digits, higher}) {
    const ratios = numbers.map((_, i) => ours[i][key] / peer[i][key]);
    const cells = [
        `${name}${higher ? "" : " (less is better)"}`,
        median(ours.map((run) => run[key])).toFixed(digits),
        median(peer.map((run) => run[key])).toFixed(digits),
        `${median(ratios).toFixed(2)}× (${Math.min(...ratios).toFixed(2)}–${Math.max(...ratios).toFixed(2)})`
    ];
    return `| ${cells.join(" | ")} |`;
}

function median(values) {
    const sorted = [...values].sort((a, b) => a - b);
    const middle = sorted.length >> 1;
    return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}
