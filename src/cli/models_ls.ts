import { embeddedFacts } from "../base/embedded.ts";
import { CATALOGUE, type CatalogueEntry, type ModelStore } from "../inference/index.ts";
import { columns } from "./columns.ts";
import { defineCommand } from "./command/index.ts";
import { EXIT } from "./exit.ts";
import { MODEL_FLAGS, megabytes, modelStore, printJson } from "./model_store.ts";

/** A model as it is listed. */
export interface ListedModel {
  name: string;
  /** In the binary, in the store, to be had by `models pull`, or left out of this build. */
  where: "binary" | "stored" | "pull" | "left_out";
  what: string;
  bytes: number;
  sha256: string;
  license: string;
  source: string;
  /** How a detector's output is read; null for what is no detector, or not known. */
  family: string | null;
  /** How many kinds of objects it tells apart. */
  classes: number;
}

export const command = defineCommand({
  doc: "WHERE tells whether a model is in this binary, stored on this machine, or to be pulled. A graph uses it by its name: model: face_tiny.",
  flags: MODEL_FLAGS,
  examples: [
    ["schnitzel models ls", "Every model that a graph can name."],
    ["schnitzel models ls --json", "With hashes and sources, for a script."],
  ],
  async run({ flags, terminal }) {
    const store = modelStore(flags.models, terminal);
    const embedded = new Set((await embeddedFacts()).map(({ name }) => name));
    const models = [...CATALOGUE.map((entry) => catalogueRow(entry, store, embedded)), ...ownRows(store)];
    if (flags.json) printJson(terminal, { store: store.folder, models });
    else terminal.out(columns([["NAME", "SIZE", "LICENSE", "WHERE", "WHAT"], ...models.map(row)]));
    return EXIT.ok;
  },
});

function catalogueRow(entry: CatalogueEntry, store: ModelStore, embedded: ReadonlySet<string>): ListedModel {
  const { name, what, bytes, sha256, license, source, output, classes = [] } = entry;
  const elsewhere = embedded.has(`${name}.onnx`) ? "binary" : entry.url === undefined ? "left_out" : "pull";
  const where = store.has(name) ? "stored" : elsewhere;
  return { name, where, what, bytes, sha256, license, source, family: output?.family ?? null, classes: classes.length };
}

/** What somebody added under a name of their own. */
function ownRows(store: ModelStore): ListedModel[] {
  const own = store.names().filter((name) => !CATALOGUE.some((entry) => entry.name === name));
  return own.map((name) => {
    const { bytes, sha256, license, source } = store.record(name);
    return { name, where: "stored", what: `from ${source}`, bytes, sha256, license, source, family: null, classes: 0 };
  });
}

const row = ({ name, bytes, license, where, what }: ListedModel) => [name, megabytes(bytes), license, where, what];
