// Compiles the contracts into FOLDER (default: the Java project's resources), one small JSON file each: the same bytes
// on every machine. usage: node compile.mjs [FOLDER [NODE_MODULES]]
import fs from "node:fs";
import path from "node:path";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";

const here = path.dirname(fileURLToPath(import.meta.url));
const target = process.argv[2] ?? path.join(here, "../src/main/resources/org/folkmoot/ledger/anchor");
const modules = path.resolve(process.argv[3] ?? path.join(here, "node_modules"));
const solc = createRequire(path.join(modules, "x.js"))("solc");
const timelock = "@openzeppelin/contracts/governance/TimelockController.sol";

const own = fs.readdirSync(path.join(here, "src")).filter((name) => name.endsWith(".sol")).sort();
const input = {
  language: "Solidity",
  sources: Object.fromEntries(own.map((name) => [name, { content: fs.readFileSync(path.join(here, "src", name), "utf8") }])),
  settings: {
    // Without the hash of the sources at its end, bytecode depends on what is executed and on nothing else.
    metadata: { bytecodeHash: "none", appendCBOR: false },
    optimizer: { enabled: true, runs: 200 },
    evmVersion: "cancun",
    outputSelection: { "*": { "*": ["abi", "evm.bytecode.object", "evm.deployedBytecode.object", "evm.deployedBytecode.immutableReferences"] } },
  },
};
input.sources[timelock] = { content: fs.readFileSync(path.join(modules, timelock), "utf8") };

const read = (name) => ({ contents: fs.readFileSync(path.join(modules, name), "utf8") });
const output = JSON.parse(solc.compile(JSON.stringify(input), { import: read }));
// Warnings of our own files count; those about OpenZeppelin's are theirs.
const faults = (output.errors ?? []).filter(
  (fault) => fault.severity === "error" || (fault.severity === "warning" && !fault.sourceLocation?.file.startsWith("@")),
);
if (faults.length > 0) {
  faults.forEach((fault) => console.error(fault.formattedMessage));
  process.exit(1);
}
fs.mkdirSync(target, { recursive: true });
for (const file of [...own, timelock]) {
  const name = path.basename(file, ".sol");
  const { abi, evm } = output.contracts[file][name];
  const places = Object.values(evm.deployedBytecode.immutableReferences).flat().sort((a, b) => a.start - b.start);
  const artifact = {
    contract: name,
    compiler: solc.version(),
    abi,
    bytecode: evm.bytecode.object,
    deployed: evm.deployedBytecode.object,
    immutables: places.map(({ start, length }) => [start, length]),
  };
  fs.writeFileSync(path.join(target, `${name}.json`), JSON.stringify(artifact) + "\n");
  console.log(`${name}: ${evm.deployedBytecode.object.length / 2} bytes`);
}
