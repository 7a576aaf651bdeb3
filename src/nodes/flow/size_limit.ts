import * as v from "valibot";
import { BYTE_SIZE, bytesOf } from "../../base/byte_size.ts";
import { ANY, defineNode, port } from "../../node/index.ts";
import { jsonBytes } from "./json_bytes.ts";

const size = v.pipe(
  v.union(
    [v.pipe(v.number(), v.integer(), v.minValue(1)), v.pipe(v.string(), v.regex(BYTE_SIZE))],
    "must be a number of bytes or a size such as 64KiB",
  ),
  v.check((given) => !BYTE_SIZE.test(String(given)) || bytesOf(given) >= 1, "must be at least 1 byte"),
);

export const sizeLimit = defineNode({
  name: "size_limit",
  kind: "policy",
  doc: `Passes packets up to a size; larger ones leave by \`oversize\`.

The size is that of the payload as JSON in UTF-8, with binary data (frames, sounds, bytes) as many bytes as it has, and
of \`meta\` apart from it. Counting stops at the limit, so a huge packet costs no more than one that is just too large.
What is nested more than 64 deep is too large, whatever its size.`,
  config: v.strictObject({
    max_bytes: v.pipe(size, v.description("Largest payload that passes: a number, or `64KiB`.")),
    max_meta_bytes: v.pipe(v.optional(size, "64KiB"), v.description("Largest `meta` that passes.")),
  }),
  inputs: { in: port(ANY, "Packets of any size.") },
  passes: true,
  outputs: { out: port(ANY, "Within the limits."), oversize: port(ANY, "Too large.") },
  examples: [
    {
      title: "Ten bytes, quotes included",
      config: { max_bytes: 10 },
      input: [{ payload: "12345678" }, { payload: "123456789" }, { payload: "ééééé" }],
      output: { out: [{ payload: "12345678" }], oversize: [{ payload: "123456789" }, { payload: "ééééé" }] },
    },
  ],
  create({ max_bytes, max_meta_bytes }) {
    const [payloadLimit, metaLimit] = [bytesOf(max_bytes), bytesOf(max_meta_bytes)];
    let oversize = 0;
    return {
      process(packet, emit) {
        const fits =
          jsonBytes(packet.payload, payloadLimit) <= payloadLimit && jsonBytes(packet.meta, metaLimit) <= metaLimit;
        if (fits) return emit.out(packet);
        oversize += 1;
        emit.oversize(packet);
      },
      metrics: () => ({ oversize_total: oversize }),
    };
  },
});
