/**
 * Compares one small model's log-probabilities with llama.cpp's (through node-llama-cpp, CPU only).
 *
 *   node bench/families.mjs FILE.json     as FamilyFilesTest writes it
 *
 * The mean is over all positions and tokens; the KV cache is F16 on both sides.
 */
import {readFileSync} from "node:fs";
import {getLlama} from "node-llama-cpp";

const TOLERANCE = 0.02; // in the mean, as for the float64 reference
const {name, model: path, ids, logProbabilities, compared, note} = JSON.parse(readFileSync(process.argv[2]));
const llama = await getLlama({gpu: false, logLevel: "disabled"});
const label = name.padEnd(14);
let model;
try {
    model = await llama.loadModel({modelPath: path});
} catch {
    console.log(`${label} llama.cpp does not load it${note ? ": " + note : ""}`);
    process.exit(note ? 0 : 1);
}
const context = await model.createContext({contextSize: 256, sequences: 1});
const whole = {generateNext: {probabilities: true, options: {temperature: 1, topK: 0, topP: 1, minP: 0}}};
const outputs = await context.getSequence().controlledEvaluate(ids.map((id) => [id, whole]));
let sum = 0, count = 0, most = 0, same = 0;
for (let at = 0; at < compared; at++) {
    const ours = logProbabilities[at];
    const theirs = outputs[at].next.probabilities;
    let best = -1;
    for (const [id, probability] of theirs) {
        if (best < 0 || probability > theirs.get(best)) best = id;
        const difference = Math.abs(Math.log(Math.max(probability, 1e-30)) - ours[id]);
        sum += difference;
        count++;
        most = Math.max(most, difference);
    }
    if (theirs.size !== ours.length) throw new Error(`${theirs.size} tokens of ${ours.length}`);
    same += best === ours.indexOf(Math.max(...ours)) ? 1 : 0;
}
const mean = sum / count;
console.log(`${label} mean |Δ log-probability| ${mean.toFixed(5)}, greatest ${most.toFixed(4)}, the same first choice ${same} of ${compared}${note ? "   (" + note + ")" : ""}`);
process.exit(mean <= TOLERANCE ? 0 : 1); // the library's worker threads would keep the process for a while
