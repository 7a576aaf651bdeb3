import * as v from "valibot";
import { ANY, type ConfigIssue, defineNode, port } from "../../node/index.ts";
import { type Meta, replace, type StreamPacket } from "../../packet/index.ts";
import { packetPath } from "./packet_path.ts";
import { hashed, masked, type Redaction, redactAt, removed } from "./redact_value.ts";

const paths = (doc: string) => v.pipe(v.optional(v.array(packetPath), []), v.description(doc));

const config = v.strictObject({
  mask: paths('Paths whose values become `"***"`, 0, false; lists and maps keep their shape.'),
  hash: paths("Paths whose values become a salted SHA-256: the same value, the same digest."),
  remove: paths("Paths that are left out."),
  salt: v.pipe(
    v.optional(v.pipe(v.string(), v.minLength(16, "must have at least 16 characters"))),
    v.description("Key of `hash`, as `${file:/run/secrets/salt}`. Whoever has it can try values out."),
  ),
});

type Config = v.InferOutput<typeof config>;

const patient = { name: "Ada", born: 1815, ok: true };

export const redact = defineNode({
  name: "redact",
  kind: "transform",
  doc: `Masks, hashes or removes what stands at paths of payload and meta.

A path is \`payload.user.name\` or \`meta.token\`; \`*\` stands for every key or item, as in \`payload.people.*.name\`. What is
not there is passed over. Types stay, so that what comes next still fits its schema: a mask leaves \`"***"\`, 0 or false, a
hash 64 hex digits of a text and a whole number below 2^52 of a number; a boolean, which has only two values, is masked
in both. The hash is HMAC-SHA-256 with \`salt\` as its key. Binary data becomes empty. The packet keeps its id and its
key: use \`meta.idempotency_key\` itself as a path when that holds personal data.

As an \`egress\` interceptor it stands before durable edges into sinks, so that what it takes out is on no disk there.`,
  config,
  inputs: { in: port(ANY, "Packets as they are.") },
  passes: true,
  outputs: { out: port(ANY, "Packets without what was named.") },
  examples: [
    {
      title: "A patient without a name",
      config: { mask: ["payload.name"], remove: ["meta.token"] },
      input: [{ payload: patient, meta: { token: "t", site: "a" } }],
      output: { out: [{ payload: { ...patient, name: "***" }, meta: { site: "a" } }] },
    },
    {
      title: "The same person, the same digest",
      config: { hash: ["payload.*.name"], salt: "correct horse battery" },
      input: [{ payload: [{ name: "Ada" }, { name: "Ada" }] }],
      output: {
        out: [
          {
            payload: [
              { name: "5d282bd9ede4133b33361f01426015e8e215bafa3222375b1bcf387578fea508" },
              { name: "5d282bd9ede4133b33361f01426015e8e215bafa3222375b1bcf387578fea508" },
            ],
          },
        ],
      },
    },
  ],
  check: saltIssues,
  create({ mask, hash, remove, salt }) {
    const rules: [path: string, redaction: Redaction][] = [
      ...mask.map((path): [string, Redaction] => [path, masked]),
      ...hash.map((path): [string, Redaction] => [path, hashed(salt!)]),
      ...remove.map((path): [string, Redaction] => [path, removed]),
    ];
    const keyed = rules.map(([path, redaction]) => ({ keys: path.split("."), redaction }));
    let redacted = 0;
    const count = () => {
      redacted += 1;
    };
    return {
      process(packet, emit) {
        const whole = keyed.reduce<unknown>((parts, { keys, redaction }) => redactAt(parts, keys, redaction, count), {
          payload: packet.payload,
          meta: packet.meta,
        }) as Pick<StreamPacket, "payload" | "meta">;
        if (whole.payload === packet.payload && whole.meta === packet.meta) return emit.out(packet);
        emit.out(replace(packet, { payload: whole.payload ?? null, meta: whole.meta as Meta }));
      },
      metrics: () => ({ redacted_total: redacted }),
    };
  },
});

function saltIssues({ mask, hash, remove, salt }: Config): ConfigIssue[] {
  if (mask.length + hash.length + remove.length === 0) {
    return [{ path: [], message: "names nothing: at least one of mask, hash and remove is needed" }];
  }
  if (hash.length > 0 && salt === undefined) {
    const hint = "salt: ${file:/run/secrets/salt}, so that nobody can try names out";
    return [{ path: ["hash"], message: "needs `salt`", hint }];
  }
  return hash.length === 0 && salt !== undefined ? [{ path: ["salt"], message: "is not used without `hash`" }] : [];
}
