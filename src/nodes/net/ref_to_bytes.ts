import * as v from "valibot";
import { defineNode, type NodeContext, type Port, port, Rejected } from "../../node/index.ts";
import { type PayloadRef, refOf, replace } from "../../packet/index.ts";
import { ConfinedFiles, restored, sha256Of } from "../../store/index.ts";
import { isEgressEntry } from "../egress.ts";
import { RefFetch } from "./ref_fetch.ts";
import { readShm } from "./shm_files.ts";

const text = v.pipe(v.string(), v.minLength(1));
const allowed = v.pipe(
  v.string(),
  v.check(isEgressEntry, "must be a host, host:port, an address or a network such as 10.0.0.0/8"),
);

const http = v.strictObject({
  allow: v.pipe(
    v.array(allowed),
    v.minLength(1),
    v.description("Hosts, `host:port`, addresses or networks that may be asked."),
  ),
  timeout_ms: v.pipe(
    v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(600_000)), 10_000),
    v.description("Time for one answer."),
  ),
});

const config = v.strictObject({
  root: v.pipe(
    v.optional(text),
    v.description("Folder below which files may be read; without it only those of the blob store. `/` allows any."),
  ),
  http: v.pipe(v.optional(http), v.description("Allows `http` and `https` references to these hosts.")),
  max_bytes: v.pipe(
    v.optional(v.pipe(v.number(), v.integer(), v.minValue(1)), 256 * 1024 * 1024),
    v.description("Of one reference."),
  ),
  require_sha256: v.pipe(
    v.optional(v.boolean(), false),
    v.description("Refuses references that do not say their sha256; one that is said is always checked."),
  ),
  output_kind: v.pipe(v.optional(text, "bytes"), v.description("Kind of the packets whose payload is the bytes.")),
});

type Config = v.InferOutput<typeof config>;

export const refToBytes = defineNode({
  name: "ref_to_bytes",
  kind: "transform",
  doc: `Gets the bytes that a packet refers to by \`payload.ref\`, and checks their size and sha256 when it says them.

The bytes become the payload. A reference that stands for one field of a map, or for a payload that a durable edge put
into the blob store, is put back where it was, and the kind stays.

A reference may be anybody's word, so nothing is read that is not allowed here:

- **\`file\`**: the run's blob store, and files below \`root\`. Relative paths start there; \`..\` is refused, and links
  that lead out of it are not followed. With \`root: /\` a relative path starts at the graph file's folder.
- **\`shm\`**: files that \`bytes_to_ref\` put into shared memory.
- **\`http\`, \`https\`**: hosts in \`http.allow\`, by GET, without redirects and credentials. Link-local addresses and the
  metadata services of clouds are refused unless \`allow\` lists the address itself.
- **\`s3\`, \`nats\`** are not built into this version.

What is not allowed, missing, too large or not what the reference says is rejected: another try cannot help. A server
that is away is unavailable.`,
  config,
  inputs: { in: port(["bytes_ref", "bytes", "frame"], "Packets with a reference.", "ref_portable") },
  outputs: ({ output_kind }: Config) =>
    ({ out: port([...new Set([output_kind, "frame"])], "The packets, with the bytes.", "inproc_any") }) as {
      out: Port;
    },
  examples: [
    {
      title: "Read the file that a packet names, below one folder",
      config: { root: "snapshots" },
      files: { "snapshots/cam01.txt": "cat" },
      input: [
        {
          kind: "bytes_ref",
          source_id: "cam01",
          payload: { ref: { scheme: "file", path: "cam01.txt", size_bytes: 3 } },
        },
      ],
      output: { out: [{ kind: "bytes", source_id: "cam01", payload: new TextEncoder().encode("cat") }] },
    },
  ],
  create(options, context) {
    const reader = new RefReader(options, context);
    let read = 0;
    let bytesRead = 0;
    return {
      async process(packet, emit) {
        const ref = reader.refOf(packet.payload);
        const bytes = await reader.read(ref);
        read += 1;
        bytesRead += bytes.length;
        const kind = ref.stands_for === undefined ? options.output_kind : packet.kind;
        emit.out(replace(packet, { kind, payload: restored(packet.payload, ref, bytes) }));
      },
      close: () => reader.close(),
      metrics: () => ({ read_total: read, read_bytes_total: bytesRead }),
    };
  },
});

/** Gets the bytes of references, of the schemes that a config allows. */
class RefReader {
  readonly #options: Config;
  readonly #context: NodeContext;
  readonly #files: ConfinedFiles | undefined;
  readonly #http: RefFetch | undefined;

  constructor(options: Config, context: NodeContext) {
    const { root, http, max_bytes } = options;
    this.#options = options;
    this.#context = context;
    this.#files = root === undefined ? undefined : new ConfinedFiles(root === "/" ? root : context.files.resolve(root));
    this.#http = http && new RefFetch(context, { allow: http.allow, timeoutMs: http.timeout_ms, maxBytes: max_bytes });
  }

  refOf(payload: unknown): PayloadRef {
    try {
      return refOf(payload);
    } catch (error) {
      throw new Rejected((error as Error).message);
    }
  }

  async read(ref: PayloadRef): Promise<Uint8Array> {
    const { max_bytes, require_sha256 } = this.#options;
    const where = JSON.stringify((ref.path ?? ref.uri ?? "").slice(0, 200));
    if ((ref.size_bytes ?? 0) > max_bytes) {
      throw new Rejected(`cannot read ${where}: it has ${ref.size_bytes} bytes and max_bytes is ${max_bytes}`);
    }
    const { blobs } = this.#context;
    if (blobs?.owns(ref)) return blobs.read(ref);
    if (require_sha256 && ref.sha256 === undefined) {
      throw new Rejected(`cannot read ${where}: its reference has no sha256 and require_sha256 is on`);
    }
    const bytes = await this.#get(ref, where);
    await check(ref, bytes, where);
    return bytes;
  }

  close() {
    this.#http?.close();
  }

  #get({ scheme, path, uri }: PayloadRef, where: string): Promise<Uint8Array> {
    const { max_bytes, root } = this.#options;
    switch (scheme) {
      case "file":
        if (path === undefined) throw new Rejected(`a reference of scheme file needs a path, this one has ${where}`);
        if (this.#files === undefined)
          throw new Rejected(`cannot read ${where}: it is not in the blob store, and no root is set that allows it`);
        return this.#files.read(root === "/" ? this.#context.files.resolve(path) : path, max_bytes);
      case "shm":
        if (path === undefined) throw new Rejected(`a reference of scheme shm needs a path, this one has ${where}`);
        return readShm(path, max_bytes);
      case "http":
      case "https":
        if (uri === undefined) throw new Rejected(`a reference of scheme ${scheme} needs a uri, this one has ${where}`);
        if (this.#http === undefined) throw new Rejected(`cannot get ${where}: http.allow lists no host`);
        return this.#http.get(uri);
      default:
        throw new Rejected(
          `cannot read ${where}: scheme ${scheme} is not built into this version, only file, shm, http and https`,
        );
    }
  }
}

async function check({ size_bytes, sha256 }: PayloadRef, bytes: Uint8Array, where: string) {
  if (size_bytes !== undefined && bytes.length !== size_bytes) {
    throw new Rejected(`${where} has ${bytes.length} bytes and its reference says ${size_bytes}`);
  }
  if (sha256 === undefined) return;
  const found = await sha256Of(bytes);
  if (found !== sha256) throw new Rejected(`${where} has sha256 ${found} and its reference says ${sha256}`);
}
