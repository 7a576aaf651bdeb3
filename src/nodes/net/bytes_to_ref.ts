import * as v from "valibot";
import { type ConfigIssue, defineNode, type NodeContext, port, Rejected } from "../../node/index.ts";
import { type PayloadRef, replace, type StreamPacket } from "../../packet/index.ts";
import { ConfinedFiles, sha256Of } from "../../store/index.ts";
import { ShmFiles } from "./shm_files.ts";

const text = v.pipe(v.string(), v.minLength(1));
const seconds = v.pipe(v.number(), v.gtValue(0), v.maxValue(86_400));

const config = v.strictObject({
  store: v.pipe(
    v.optional(v.picklist(["blobs", "file", "shm"]), "blobs"),
    v.description(
      "`blobs`: the run's blob store. `file`: files in `dir`. `shm`: shared memory, for this machine alone.",
    ),
  ),
  dir: v.pipe(v.optional(text), v.description("With `store: file`, the folder of the files; it is made.")),
  filename: v.pipe(
    v.optional(text, "{source_id}/{packet_id}.bin"),
    v.description("With `store: file`, name below `dir`, of {source_id} and {packet_id}."),
  ),
  compute_sha256: v.pipe(
    v.optional(v.boolean(), true),
    v.description("Puts the bytes' sha256 into the reference; the blob store always does."),
  ),
  content_type: v.pipe(v.optional(text), v.description("What the bytes are, such as `image/jpeg`.")),
  keep_sec: v.pipe(
    v.optional(seconds),
    v.description("How long the bytes stay at least: 600 in the blob store, 30 in shared memory. Files stay for ever."),
  ),
  max_bytes: v.pipe(
    v.optional(v.pipe(v.number(), v.integer(), v.minValue(1)), 64 * 1024 * 1024),
    v.description("With `store: shm`, all files of this node at a time; beyond it the node waits."),
  ),
  name_owner: v.pipe(
    v.optional(v.boolean(), true),
    v.description("Says in the reference who removes the bytes; the predecessor did not."),
  ),
});

type Config = v.InferOutput<typeof config>;

const FIELD = /\{([^{}]*)\}/g;
/** Longer than any queue in memory takes to drain, and the blob store's own grace period. */
const KEEP_BLOB_SEC = 600;
const KEEP_SHM_SEC = 30;

export const bytesToRef = defineNode({
  name: "bytes_to_ref",
  kind: "transform",
  doc: `Puts the bytes of a packet outside of it and sends a reference instead.

A payload of bytes becomes \`{ ref }\`, of kind \`bytes_ref\`. A map with one field of bytes, such as a frame, keeps its
other fields and its kind. \`ref\` has \`scheme\`, \`path\`, \`content_type\`, \`size_bytes\`, \`sha256\` and \`owner\`;
\`ref_to_bytes\` reads it. The bytes are on the disk before the packet goes on.

- **\`store: blobs\`**, in the state directory: the same content is stored once. It stays for \`keep_sec\`, and then as
  long as a row of a durable edge or a dead letter names it. Full, it makes packets fail as unavailable.
- **\`store: file\`**: nobody removes the files. A name that leaves \`dir\`, by \`..\` or by a link, is refused.
- **\`store: shm\`** (Linux): files in \`/dev/shm\`, removed after \`keep_sec\`, at the end of the run, and, when it was
  killed, by the next that uses shared memory. Full, the node waits.

A durable edge does the same by itself with \`payload_ref: auto\`.`,
  config,
  check: checkConfig,
  keepsState: ({ store }) => store === "blobs",
  inputs: { in: port(["bytes", "frame"], "Packets with bytes.", "inproc_any") },
  outputs: { out: port(["bytes_ref", "frame"], "The packets, with a reference.", "ref_portable") },
  examples: [
    {
      title: "Keep snapshots as files, one folder for each camera",
      config: { store: "file", dir: "snapshots", filename: "{source_id}/{packet_id}.jpg", content_type: "image/jpeg" },
      input: [{ kind: "bytes", source_id: "cam01", payload: new Uint8Array([255, 216, 255]) }],
      output: { out: [{ kind: "bytes_ref", source_id: "cam01" }] },
    },
  ],
  create(options, context) {
    const keeper = keeperOf(options, context);
    let stored = 0;
    let bytesStored = 0;
    return {
      async process(packet, emit) {
        const { bytes, rest, field } = bytesIn(packet);
        const ref = await keeper.keep(packet, bytes, rest);
        stored += 1;
        bytesStored += bytes.length;
        const part = field === undefined ? {} : ({ stands_for: "field", field } as const);
        const kind = field === undefined ? "bytes_ref" : packet.kind;
        emit.out(replace(packet, { kind, payload: { ...rest, ref: { ...ref, ...part } } }));
      },
      close: () => keeper.close(),
      metrics: () => ({ stored_total: stored, stored_bytes_total: bytesStored }),
    };
  },
});

function checkConfig({ store, dir, filename }: Config): ConfigIssue[] {
  const issues: ConfigIssue[] = [];
  if (store === "file" && dir === undefined) issues.push({ path: ["store"], message: "needs a dir: name a folder" });
  if (store !== "file" && dir !== undefined) {
    issues.push({ path: ["dir"], message: `is only for store: file, and store is ${store}`, hint: "set store: file" });
  }
  for (const [, name] of filename.matchAll(FIELD)) {
    if (name === "source_id" || name === "packet_id") continue;
    issues.push({ path: ["filename"], message: `has {${name}}: allowed are {source_id} and {packet_id}` });
  }
  return issues;
}

/** The bytes of a packet, and what else its payload has. */
function bytesIn({ payload, packet_id }: StreamPacket) {
  if (payload instanceof Uint8Array) return { bytes: payload, rest: {}, field: undefined };
  const fields = Object.entries(Object(payload)).filter(([, value]) => value instanceof Uint8Array);
  if (fields.length !== 1 || Array.isArray(payload) || "ref" in Object(payload)) {
    throw new Rejected(
      `cannot refer to the bytes of packet ${packet_id}: its payload must be bytes (Uint8Array), or a map with one field of bytes and no ref`,
    );
  }
  const [field, bytes] = fields[0] as [string, Uint8Array];
  const { [field]: _, ...rest } = payload as Record<string, unknown>;
  return { bytes, rest, field };
}

/** Where the bytes go. */
interface Keeper {
  keep(packet: StreamPacket, bytes: Uint8Array, rest: Record<string, unknown>): Promise<PayloadRef>;
  close(): void;
}

function keeperOf(options: Config, context: NodeContext): Keeper {
  if (options.store === "blobs") return blobKeeper(options, context);
  return options.store === "shm" ? shmKeeper(options, context) : fileKeeper(options, context);
}

function blobKeeper({ content_type, keep_sec = KEEP_BLOB_SEC }: Config, { blobs, clock }: NodeContext): Keeper {
  if (blobs === undefined) {
    throw new Error("store: blobs needs a state directory, and this run has none: set store: file and a dir");
  }
  const holds = new Set<() => void>();
  return {
    async keep(_, bytes, rest) {
      const { ref, release } = await blobs.put(bytes, { contentType: contentTypeOf(content_type, rest) ?? undefined });
      const end = () => {
        holds.delete(end);
        cancel();
        release();
      };
      const cancel = clock.setTimer(end, keep_sec * 1_000);
      holds.add(end);
      return ref;
    },
    close() {
      for (const end of holds) end();
    },
  };
}

function fileKeeper({ dir, filename, ...options }: Config, { files, nodeId }: NodeContext): Keeper {
  const folder = new ConfinedFiles(files.resolve(dir!));
  return {
    async keep(packet, bytes, rest) {
      const name = filename.replace(FIELD, (_, field: "source_id" | "packet_id") => packet[field]);
      const file = await folder.write(name, bytes);
      return refTo("file", file, bytes, contentTypeOf(options.content_type, rest), options, nodeId);
    },
    close() {},
  };
}

function shmKeeper({ max_bytes, keep_sec = KEEP_SHM_SEC, ...options }: Config, context: NodeContext): Keeper {
  const shm = new ShmFiles(context, { keepMs: keep_sec * 1_000, maxBytes: max_bytes });
  return {
    async keep(_, bytes, rest) {
      const file = await shm.write(bytes);
      return refTo("shm", file, bytes, contentTypeOf(options.content_type, rest), options, context.nodeId);
    },
    close: () => shm.close(),
  };
}

async function refTo(
  scheme: "file" | "shm",
  path: string,
  bytes: Uint8Array,
  content_type: string | null,
  { compute_sha256, name_owner }: Pick<Config, "compute_sha256" | "name_owner">,
  nodeId: string,
): Promise<PayloadRef> {
  return {
    scheme,
    path,
    content_type,
    size_bytes: bytes.length,
    ...(compute_sha256 ? { sha256: await sha256Of(bytes) } : {}),
    ...(name_owner ? { owner: nodeId } : {}),
  };
}

const contentTypeOf = (configured: string | undefined, { content_type }: Record<string, unknown>): string | null =>
  configured ?? (typeof content_type === "string" ? content_type : null);
