import { embeddedFile } from "../base/embedded.ts";
import { didYouMean } from "../base/suggest.ts";
import { CATALOGUE, catalogued, isModelName, type ModelStore } from "../inference/index.ts";
import { createRedactor } from "../observe/index.ts";
import { defineCommand, type FlagValues, flag, UsageError } from "./command/index.ts";
import { EXIT } from "./exit.ts";
import { fetchModel, isStored, type WantedModel } from "./fetch_model.ts";
import { MODEL_FLAGS, megabytes, modelStore, printJson } from "./model_store.ts";
import type { Terminal } from "./terminal.ts";

const FLAGS = {
  from: flag.text("URL", "Take the file from here, such as a mirror; it must be the same file."),
  sha256: flag.text("HEX", "With --from: the hash of a model that is not in the list."),
  ...MODEL_FLAGS,
};

export const command = defineCommand({
  doc: "A file goes under its name only when its SHA-256 is the one that is known. A download that was cut off goes on where it ended when the same command is given again. The licence is that of the model's publisher: read it before you ship.",
  args: [{ name: "NAME", doc: "Model of `schnitzel models ls`.", many: true }],
  flags: FLAGS,
  examples: [
    ["schnitzel models pull yolox_nano", "From where it is published."],
    ["schnitzel models pull yolox_nano --from http://10.0.0.2/yolox_nano.onnx", "From a mirror inside."],
    ["schnitzel models pull forklift --from https://example.org/f.onnx --sha256 4f53…", "One of your own, pinned."],
  ],
  exits: { [EXIT.failure]: "A model could not be had; nothing of it is used." },
  async run({ args, flags, terminal }) {
    const store = modelStore(flags.models, terminal);
    const wanted = args.map((name) => wantedModel(name, args.length, flags));
    const results: PullResult[] = [];
    for (const model of wanted) {
      const result = await pulled(model, store, terminal);
      if (result !== undefined) results.push(result);
      if (result !== undefined && !flags.json) terminal.out(`${resultText(result)}\n`);
    }
    if (flags.json) printJson(terminal, { store: store.folder, models: results });
    return results.length === wanted.length ? EXIT.ok : EXIT.failure;
  },
});

/** What a name means, before anything is asked of the network. Of models in the binary there is no `url`. */
function wantedModel(name: string, names: number, { from, sha256 }: FlagValues<typeof FLAGS>): WantedModel {
  if (from !== undefined && names > 1)
    throw new UsageError("--from is the address of one model, and several are named");
  if (from !== undefined && !/^https?:\/\/[^/]/.test(from)) {
    throw new UsageError(`--from must be an address such as http://10.0.0.2/${name}.onnx: current value is "${from}"`);
  }
  const entry = catalogued(name);
  if (entry !== undefined) {
    if (sha256 !== undefined && sha256 !== entry.sha256) {
      throw new UsageError(`${name} has sha256 ${entry.sha256}`, "choose another name for another file");
    }
    return { ...entry, url: from ?? entry.url };
  }
  return ownModel(name, from, sha256);
}

function ownModel(name: string, from: string | undefined, sha256: string | undefined): WantedModel {
  if (from === undefined) {
    const near = didYouMean(
      name,
      CATALOGUE.map((entry) => entry.name),
    );
    throw new UsageError(
      `there is no model ${name} in the list`,
      near === undefined
        ? "schnitzel models ls shows them; others need --from URL --sha256 HEX"
        : `did you mean ${near}?`,
    );
  }
  if (!isModelName(name)) throw new UsageError(`a model's name is letters, digits, _ and -: "${name}"`);
  if (sha256 === undefined || !/^[0-9a-f]{64}$/.test(sha256)) {
    throw new UsageError(`${name} is not in the list, so its hash must be given`, "--sha256 HEX, 64 hex digits");
  }
  return { name, url: from, sha256, license: "unknown" };
}

interface PullResult {
  name: string;
  what: "pulled" | "present" | "in_binary";
  file: string | null;
  bytes: number;
  sha256: string;
  license: string;
}

/** Undefined when it could not be had, which was told. */
async function pulled(model: WantedModel, store: ModelStore, terminal: Terminal): Promise<PullResult | undefined> {
  const { name, sha256, license } = model;
  try {
    if (model.url === undefined) {
      if ((await embeddedFile(`${name}.onnx`)) === undefined) {
        throw new Error(`cannot pull model ${name}: it comes with the binary, and this build was made without it`);
      }
      return { name, what: "in_binary", file: null, bytes: model.bytes ?? 0, sha256, license };
    }
    const what = isStored(store, model) ? "present" : "pulled";
    if (what === "pulled") await fetchModel(model.url, model, store, terminal);
    return { name, what, file: store.file(name), bytes: store.record(name).bytes, sha256, license };
  } catch (error) {
    const { message } = error as Error;
    terminal.err(`${createRedactor().text(message)}\n${message.startsWith("cannot download ") ? OTHERWISE : ""}`);
    return undefined;
  }
}

/** What else can be done about a network, which is not to be had everywhere. */
const OTHERWISE =
  "  hint: without a network bring the file by other means, and then: schnitzel models add FILE; or --from a mirror\n";

const WORDS = { pulled: "pulled", present: "was there already", in_binary: "is in this binary, nothing to pull" };

const resultText = ({ name, what, file, bytes, license }: PullResult) =>
  `${name}: ${WORDS[what]}${file === null ? "" : `, ${file}`}, ${megabytes(bytes)}, licence ${license}`;
