import type { Clock } from "../base/clock.ts";
import type { Inference, Model, ModelOptions, NodeLog } from "../node/index.ts";
import { classNames } from "./class_names.ts";
import { explainLoad } from "./explain.ts";
import { ModelServer } from "./model_server.ts";
import type { Deadlines, LoadOptions } from "./model_thread.ts";
import type { NativeFolder } from "./native_folder.ts";
import { readOnnx } from "./onnx_file.ts";
import type { ResolvedModel, ResolveModel } from "./resolve.ts";
import { SharedModel } from "./shared_model.ts";
import type { Loaded } from "./worker_messages.ts";

export interface InferenceHost {
  readonly clock: Clock;
  readonly log: NodeLog;
  readonly resolve: ResolveModel;
  readonly cores: number;
  readonly native: NativeFolder;
  readonly deadlines?: Partial<Deadlines>;
}

const DEADLINES: Deadlines = { loadMs: 120_000, requestMs: 30_000 };

interface Opened {
  readonly server: ModelServer;
  readonly loaded: Promise<Loaded>;
}

/** The models of one run. */
export class RunInference implements Inference {
  readonly #host: InferenceHost;
  readonly #servers = new Map<string, Opened>();
  readonly #models = new Set<SharedModel>();

  constructor(host: InferenceHost) {
    this.#host = host;
  }

  async open(options: ModelOptions): Promise<Model> {
    const found = await this.#host.resolve(options.model);
    const { model, ...others } = options;
    const key = JSON.stringify([found.sha256, others]);
    const cannot = (why: string) => new Error(`cannot open model ${model}: ${why}`);
    try {
      const model = withNames(found);
      const { server, loaded } = this.#servers.get(key) ?? this.#started(key, model, options);
      // Before anything is awaited: meanwhile others may release it, and the last one ends it.
      const queue = server.join();
      const onRelease = (last: boolean) => {
        if (last) this.#servers.delete(key);
        this.#models.delete(shared);
      };
      const shared = new SharedModel({ server, queue, model, loaded: await loaded, onRelease });
      this.#models.add(shared);
      return shared;
    } catch (error) {
      throw cannot(explainLoad((error as Error).message));
    }
  }

  /** Ends what nodes did not release. */
  async close(): Promise<void> {
    for (const model of this.#models) await model.release();
  }

  #started(key: string, found: ResolvedModel, options: ModelOptions): Opened {
    const { clock, log, cores, deadlines } = this.#host;
    const { name } = found;
    const load = loadOptions(found.bytes, options, this.#host.native);
    const server = new ModelServer({
      ...{ options, cores, name, load, clock, log },
      deadlines: { ...DEADLINES, ...deadlines },
    });
    const loaded = server.open().catch((error: Error) => {
      this.#servers.delete(key);
      throw error;
    });
    const opened = { server, loaded };
    this.#servers.set(key, opened);
    // One line for each model, not for each node that shares it.
    loaded.then(
      ({ backend, note }) => {
        if (note !== undefined) log.warn("the native library cannot be used, so WebAssembly runs the model", { note });
        log.info("model loaded", { model: name, backend, bytes: found.bytes.length });
      },
      () => {},
    );
    return opened;
  }
}

function withNames(found: ResolvedModel): ResolvedModel {
  const file = readOnnx(found.bytes);
  return found.classes === undefined ? { ...found, classes: classNames(file) } : found;
}

function loadOptions(bytes: Uint8Array, { backend, threads }: ModelOptions, native: NativeFolder): LoadOptions {
  if (backend === "native" && !native.found) {
    throw new Error(
      `backend is native, and there is no native library in ${native.folder} (${native.from}): ` +
        "unpack the folder native of the release archive beside the binary, or set backend to auto",
    );
  }
  // Shared: each worker, and each that replaces one, reads the same bytes.
  const model = new Uint8Array(new SharedArrayBuffer(bytes.length));
  model.set(bytes);
  const folder = backend !== "wasm" && native.found ? native.folder : undefined;
  return { model, threads: Math.max(1, threads), native: folder, nativeOnly: backend === "native" };
}
