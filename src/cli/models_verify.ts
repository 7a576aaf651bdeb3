import * as fs from "node:fs";
import * as path from "node:path";
import { embeddedFile } from "../base/embedded.ts";
import { CATALOGUE, findModel, LOCK_FILE, type ModelStore, readLock, sha256OfFile } from "../inference/index.ts";
import { diskFiles } from "../node/index.ts";
import { columns } from "./columns.ts";
import { defineCommand, UsageError } from "./command/index.ts";
import { EXIT } from "./exit.ts";
import { MODEL_FLAGS, modelPlaces, modelStore, printJson } from "./model_store.ts";
import type { Terminal } from "./terminal.ts";

/** One model, and what is wrong with it: null for nothing. */
interface Verdict {
  where: "binary" | "stored" | "locked";
  model: string;
  sha256: string;
  fault: string | null;
}

export const command = defineCommand({
  doc: "Reads every model of the binary and of the store, and every one that models.lock.yaml pins, and compares their SHA-256.",
  args: [{ name: "GRAPH", doc: "Graph whose lock is checked; the lock in this folder unless given.", optional: true }],
  flags: MODEL_FLAGS,
  examples: [
    ["schnitzel models verify", "What is stored, and the lock in this folder if there is one."],
    ["schnitzel models verify graphs/yard.yaml --json", "With the lock beside a graph."],
  ],
  exits: { [EXIT.failure]: "A model is damaged, changed or missing." },
  async run({ args: [graph], flags, terminal }) {
    const store = modelStore(flags.models, terminal);
    const folder = lockFolder(graph, terminal);
    const verdicts = [...(await inBinary()), ...stored(store), ...(await locked(folder, store))];
    const isOk = verdicts.every(({ fault }) => fault === null);
    if (flags.json)
      printJson(terminal, { store: store.folder, lock: path.join(folder, LOCK_FILE), ok: isOk, models: verdicts });
    else print(verdicts, terminal);
    return isOk ? EXIT.ok : EXIT.failure;
  },
});

function lockFolder(graph: string | undefined, { cwd }: Terminal): string {
  if (graph === undefined) return cwd;
  const file = path.resolve(cwd, graph);
  const stat = fs.statSync(file, { throwIfNoEntry: false });
  if (stat === undefined) throw new UsageError(`there is no graph ${graph}`);
  return stat.isDirectory() ? file : path.dirname(file);
}

async function inBinary(): Promise<Verdict[]> {
  const verdicts: Verdict[] = [];
  for (const { name, sha256 } of CATALOGUE) {
    const bytes = await embeddedFile(`${name}.onnx`);
    if (bytes === undefined) continue;
    const actual = new Bun.CryptoHasher("sha256").update(bytes).digest("hex");
    const fault =
      actual === sha256 ? null : `it has sha256 ${actual}: the binary is damaged, or was built from other packages`;
    verdicts.push({ where: "binary", model: name, sha256, fault });
  }
  return verdicts;
}

const stored = (store: ModelStore): Verdict[] =>
  store.names().map((model) => {
    try {
      const { sha256 } = store.record(model);
      const actual = sha256OfFile(store.file(model));
      const fault = `${store.file(model)} has sha256 ${actual}: pull or add it again`;
      return { where: "stored", model, sha256, fault: actual === sha256 ? null : fault };
    } catch (error) {
      return { where: "stored", model, sha256: "", fault: (error as Error).message };
    }
  });

async function locked(folder: string, store: ModelStore): Promise<Verdict[]> {
  const files = diskFiles({ base: folder });
  const verdicts: Verdict[] = [];
  for (const { model, sha256 } of readLock(files) ?? []) {
    verdicts.push({ where: "locked", model, sha256, fault: await lockFault(model, sha256) });
  }
  return verdicts;

  async function lockFault(model: string, sha256: string): Promise<string | null> {
    try {
      const found = await findModel(model, modelPlaces(files, store));
      return found.sha256 === sha256 ? null : `it has sha256 ${found.sha256} now: put the pinned file back`;
    } catch (error) {
      return (error as Error).message;
    }
  }
}

function print(verdicts: readonly Verdict[], terminal: Terminal) {
  const rows = verdicts.map(({ where, model, sha256, fault }) => [
    ...[fault === null ? "ok" : "fault", where, model, sha256.slice(0, 12)],
  ]);
  terminal.out(columns(rows));
  for (const { model, fault } of verdicts) if (fault !== null) terminal.err(`${model}: ${fault}\n`);
}
