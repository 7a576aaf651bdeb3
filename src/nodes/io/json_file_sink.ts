import * as path from "node:path";
import * as v from "valibot";
import { ANY, type ConfigIssue, defineNode, type NodeContext, type Port, port } from "../../node/index.ts";
import { replace, type StreamPacket } from "../../packet/index.ts";
import { packetText, textConfig } from "../packet_text.ts";
import { fileError } from "./file_error.ts";
import { checkTemplate, encodeSegment, fileName, nextSeq, parseTemplate } from "./file_name.ts";

const text = v.pipe(v.string(), v.minLength(1));

const config = v.strictObject({
  dir: v.pipe(text, v.description("Folder of the files; it is made.")),
  filename_template: v.pipe(
    v.optional(text, "{seq:06d}_{source_id}_{kind}.json"),
    v.description("Name of a file, of {seq} {packet_id} {source_id} {kind} {ts}; in {ts} a `:` becomes `-`."),
  ),
  body: v.pipe(
    v.optional(v.picklist(["packet", "payload"]), "payload"),
    v.description("A file holds the payload, or the whole packet."),
  ),
  ...textConfig,
  indent: v.pipe(
    v.optional(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(10)), 2),
    v.description("Spaces per level; 0 writes one line."),
  ),
  existing: v.pipe(
    v.optional(v.picklist(["keep", "overwrite"]), "keep"),
    v.description("`keep`: {seq} goes on behind the files that are there, and a name in use is refused."),
  ),
  names: v.pipe(
    v.optional(v.picklist(["encoded", "last_segment"]), "encoded"),
    v.description("A field with a `/` in it: written as `%2F`, or only what stands behind the last one."),
  ),
  atomic: v.pipe(
    v.optional(v.boolean(), true),
    v.description("Writes and syncs under another name first, so a file is there whole or not at all."),
  ),
  forward: v.pipe(v.optional(v.boolean(), false), v.description("Also passes packets on, by `out`.")),
  meta_key: v.pipe(v.optional(text, "file"), v.description("Where a forwarded packet says `{ path, node_id }`.")),
});

type Config = v.InferOutput<typeof config>;

/** Longest name that ext4, APFS and NTFS all take, less the dot and `.tmp` of the atomic write. */
const MAX_NAME_BYTES = 250;

export const jsonFileSink = defineNode({
  name: "json_file_sink",
  kind: "sink",
  doc: `Writes every packet to a JSON file of its own.

No file is replaced unless \`existing: overwrite\` says so: \`{seq}\` goes on behind the files of earlier runs, and a
packet whose name is taken becomes a dead letter. A source id such as \`../a\` cannot leave the folder.

A file is there when its packet counts as done, so a kill of the process loses none. With \`atomic: true\` it is on the
disk as well; with \`false\` a power cut may lose the files of the last seconds, or leave them empty.

The predecessor began with seq 0 in every run and replaced files (\`existing: overwrite\`), kept what stood behind
the last \`/\` of a name (\`names: last_segment\`), wrote in place (\`atomic: false\`) and with \`spacing: python\`.`,
  config,
  check: checkName,
  inputs: { in: port(ANY, "Packets to write.", "json_portable") },
  passes: true,
  outputs: ({ forward }: Config) =>
    (forward ? { out: port(ANY, "The packets, with the file in their meta.", "json_portable") } : {}) as { out: Port },
  examples: [
    {
      title: "Say where the file went",
      config: { dir: "alarms", forward: true },
      input: [{ kind: "event", source_id: "cam01", payload: { zone: "dock" } }],
      output: { out: [{ kind: "event", source_id: "cam01", payload: { zone: "dock" } }] },
    },
  ],
  create(options, context) {
    const toText = packetText(options);
    const folder = new Folder(options, context);
    let written = 0;
    return {
      process(packet, emit) {
        const file = folder.write(packet, `${toText(packet)}\n`);
        written += 1;
        if (!options.forward) return;
        const meta = { ...packet.meta, [options.meta_key]: { path: file, node_id: context.nodeId } };
        emit.out(replace(packet, { meta }));
      },
      metrics: () => ({ written_total: written }),
    };
  },
});

function checkName({ filename_template, names }: Config): ConfigIssue[] {
  const issues = checkTemplate(filename_template);
  if (names === "encoded" && /[/\\]/.test(filename_template)) {
    issues.push({
      path: ["filename_template"],
      message: `must be one name without / or \\: it is ${JSON.stringify(filename_template)}`,
      hint: "put the folder into dir",
    });
  }
  return issues;
}

/** The folder that the files go to, and the next sequence number. */
class Folder {
  readonly #options: Config;
  readonly #context: NodeContext;
  readonly #dir: string;
  readonly #parts: ReturnType<typeof parseTemplate>;
  #seq = 0;

  constructor(options: Config, context: NodeContext) {
    this.#options = options;
    this.#context = context;
    this.#dir = context.files.resolve(options.dir);
    this.#parts = parseTemplate(options.filename_template);
    try {
      context.files.makeDir(this.#dir);
      if (options.existing === "keep") this.#seq = nextSeq(this.#parts, context.files.list(this.#dir));
    } catch (error) {
      throw fileError("make the folder", this.#dir, context, error);
    }
  }

  /** Writes one file and gives back its absolute path. A failed write does not use up a number. */
  write(packet: StreamPacket, content: string): string {
    const file = path.join(this.#dir, this.#name(packet));
    const { existing, atomic } = this.#options;
    if (existing === "keep" && this.#context.files.exists(file)) {
      const hint = "put {seq} or {packet_id} into filename_template, or set existing: overwrite";
      throw new Error(`node "${this.#context.nodeId}" does not replace ${file}, which exists; ${hint}`);
    }
    try {
      if (atomic) this.#writeWhole(file, content);
      else this.#put(file, content, false);
    } catch (error) {
      throw fileError("write", file, this.#context, error);
    }
    this.#seq += 1;
    return file;
  }

  #name(packet: StreamPacket): string {
    const last = this.#options.names === "last_segment";
    const full = fileName(this.#parts, packet, this.#seq, last ? (value) => value : encodeSegment);
    const name = last ? path.posix.basename(full) : full;
    if (name === "" || name === "." || name === ".." || Buffer.byteLength(name) > MAX_NAME_BYTES) {
      throw new Error(
        `node "${this.#context.nodeId}" cannot name a file ${JSON.stringify(name.slice(0, 80))}: ` +
          `a name has 1 to ${MAX_NAME_BYTES} bytes and is not . or ..; change filename_template`,
      );
    }
    return name;
  }

  #writeWhole(file: string, content: string) {
    const { files } = this.#context;
    const draft = path.join(this.#dir, `.${path.basename(file)}.tmp`);
    try {
      this.#put(draft, content, true);
      files.rename(draft, file);
    } catch (error) {
      files.remove(draft);
      throw error;
    }
  }

  #put(file: string, content: string, sync: boolean) {
    const open = this.#context.files.open(file, "w");
    try {
      open.write(content);
      if (sync) open.sync();
    } finally {
      open.close();
    }
  }
}
