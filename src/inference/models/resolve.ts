import { didYouMean } from "../../base/suggest.ts";
import type { Files } from "../../node/index.ts";
import { isFile, modelFile, sha256 } from "../model_file.ts";
import type { ResolvedModel, ResolveModel } from "../resolve.ts";
import { CATALOGUE, catalogued, cataloguedBytes } from "./catalogue.ts";
import { checkLock } from "./lock.ts";
import type { ModelStore } from "./store.ts";

/** Where models are looked for. */
export interface ModelPlaces {
  /** Paths start at the graph's folder. */
  readonly files: Files;
  readonly store: ModelStore;
  readonly embedded: (file: string) => Promise<Uint8Array<ArrayBuffer> | undefined>;
}

/**
 * Finds models: a file where the graph says; a name in the graph's folder (`NAME.onnx`, `models/NAME.onnx`), then in
 * the store, then in the binary. What the lock beside the graph pins must have those bytes.
 */
export function modelResolver(places: ModelPlaces): ResolveModel {
  return async (model) => {
    const found = await findModel(model, places);
    checkLock(places.files, model, found.sha256);
    return found;
  };
}

/**
 * A model whatever the lock says. Of bytes that are in the catalogue, how to use them comes along, whatever the file
 * is called.
 */
export async function findModel(model: string, places: ModelPlaces): Promise<ResolvedModel> {
  return withEntry(isFile(model) ? await modelFile(model, places.files) : await named(model, places));
}

async function named(name: string, { files, store, embedded }: ModelPlaces): Promise<ResolvedModel> {
  for (const file of [`${name}.onnx`, `models/${name}.onnx`]) {
    if (files.exists(file)) return { ...(await modelFile(file, files)), name };
  }
  if (store.has(name)) return fromStore(name, store);
  const bytes = await embedded(`${name}.onnx`);
  if (bytes !== undefined) return { name, bytes, sha256: await sha256(bytes) };
  throw unknown(name, store);
}

async function fromStore(name: string, store: ModelStore): Promise<ResolvedModel> {
  const bytes = await store.bytes(name);
  const [actual, noted] = [await sha256(bytes), store.record(name).sha256];
  if (actual === noted) return { name, bytes, sha256: actual };
  throw new Error(
    `cannot use model ${name}: ${store.file(name)} is damaged or was changed: ` +
      `it was stored with sha256 ${noted}, and has ${actual}; ${wayTo(name)}`,
  );
}

function unknown(name: string, store: ModelStore): Error {
  const names = [...CATALOGUE.map((entry) => entry.name), ...store.names()];
  const near = catalogued(name) === undefined ? didYouMean(name, names) : undefined;
  const known = `known are ${[...new Set(names)].sort().join(", ")}`;
  const way = near === undefined ? (catalogued(name) === undefined ? known : wayTo(name)) : `did you mean ${near}?`;
  return new Error(
    `cannot find model ${name}: it is neither in the graph's folder (${name}.onnx, models/${name}.onnx), ` +
      `nor in ${store.folder}, nor in this binary; ${way}${way === known ? `, or ${wayTo(name)}` : ""}`,
  );
}

const wayTo = (name: string) =>
  catalogued(name)?.url === undefined
    ? `add its file: schnitzel models add FILE --name ${name}`
    : `get it: schnitzel models pull ${name}, or without a network: schnitzel models add FILE`;

function withEntry(found: ResolvedModel): ResolvedModel {
  const { classes, input, output } = cataloguedBytes(found.sha256) ?? {};
  return {
    ...found,
    ...(classes === undefined ? {} : { classes }),
    ...(input === undefined ? {} : { usual: { input, ...(output === undefined ? {} : { output }) } }),
  };
}
