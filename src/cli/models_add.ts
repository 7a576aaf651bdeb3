import * as path from "node:path";
import { catalogued, cataloguedBytes, isModelName, modelFile, readOnnx, storeCopy } from "../inference/index.ts";
import { diskFiles } from "../node/index.ts";
import { defineCommand, flag, UsageError } from "./command/index.ts";
import { EXIT } from "./exit.ts";
import { MODEL_FLAGS, megabytes, modelStore, printJson } from "./model_store.ts";

export const command = defineCommand({
  doc: "Copies an ONNX file into the store, for machines without a network and for models of your own. A file of the list is known by its bytes and gets its name, licence and settings by itself.",
  args: [{ name: "FILE", doc: "An ONNX file." }],
  flags: {
    name: flag.text("NAME", "What graphs call it; the name in the list, or the file's, unless given."),
    license: flag.text("TEXT", "Its licence, for a model that is not in the list; unknown unless given."),
    replace: flag.toggle("Take it in place of another one that is stored under this name."),
    ...MODEL_FLAGS,
  },
  examples: [
    ["schnitzel models add /media/usb/yolox_nano.onnx", "Carried to a machine without a network."],
    ["schnitzel models add best.onnx --name forklift --license proprietary", "Of your own: model: forklift."],
  ],
  exits: { [EXIT.failure]: "The file is no whole ONNX file, or cannot be stored." },
  async run({ args: [file = ""], flags, terminal }) {
    const { bytes, sha256 } = await checkedFile(file, terminal.cwd);
    const entry = cataloguedBytes(sha256);
    const name = flags.name ?? entry?.name ?? path.basename(file, path.extname(file));
    checkName(name, sha256);
    const store = modelStore(flags.models, terminal);
    if (store.has(name) && store.record(name).sha256 !== sha256 && !flags.replace) {
      throw new UsageError(`another model is stored as ${name}`, "choose another --name, or give --replace");
    }
    const license = entry?.license ?? flags.license ?? "unknown";
    const source = entry?.source ?? path.resolve(terminal.cwd, file);
    storeCopy(store, path.resolve(terminal.cwd, file), name, { sha256, bytes: bytes.length, license, source });
    const stored = { name, file: store.file(name), bytes: bytes.length, sha256, license, listed: entry?.name ?? null };
    if (flags.json) printJson(terminal, stored);
    else terminal.out(`${name}: added, ${stored.file}, ${megabytes(bytes.length)}, licence ${license}\n`);
    return EXIT.ok;
  },
});

/** The file as a graph would read it, and an error that says what it is when it is no ONNX file. */
async function checkedFile(file: string, cwd: string) {
  const found = await modelFile(file, diskFiles({ base: cwd })).catch((error: Error) => {
    throw new UsageError(error.message);
  });
  try {
    readOnnx(found.bytes);
  } catch (error) {
    throw new UsageError(`cannot add ${file}: ${(error as Error).message}`);
  }
  return found;
}

function checkName(name: string, sha256: string) {
  if (!isModelName(name)) {
    throw new UsageError(
      `a model's name is letters, digits, _ and -, at most 64: "${name}"`,
      "give it one: --name NAME",
    );
  }
  const entry = catalogued(name);
  if (entry === undefined || entry.sha256 === sha256) return;
  throw new UsageError(
    `${name} is a model of the list with sha256 ${entry.sha256}, and this file has ${sha256}`,
    "it is another version, or damaged; choose another name: --name NAME",
  );
}
