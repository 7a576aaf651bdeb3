import * as v from "valibot";
import { ANY, defineNode, port } from "../../node/index.ts";
import { replace } from "../../packet/index.ts";
import { keysOf, placed, placeIssues, signatureText, signedBytes, signing } from "./hmac.ts";

export const signHmac = defineNode({
  name: "sign_hmac",
  kind: "transform",
  doc: `Signs packets with a secret (HMAC), for whoever gets them to check.

The first of \`keys\` signs; further ones are for \`verify_hmac\`, so that both can be given the same list. With
\`timestamp\` the wall clock in seconds is written there and signed with the rest, which lets the other side refuse what
is old: a packet that is signed and then waits on disk for a day is old then.`,
  config: v.strictObject(signing),
  inputs: { in: port(ANY, "Packets to sign.") },
  passes: true,
  outputs: { out: port(ANY, "The same, with a signature.") },
  examples: [
    {
      title: "Whatever order the keys came in",
      config: { keys: "correct horse battery", prefix: "sha256=" },
      input: [{ payload: { b: 1, a: [true, null] } }, { payload: { a: [true, null], b: 1 } }],
      output: {
        out: [
          { meta: { signature: "sha256=504bafb006edc4b7fd7135df708be16d20100e2640584e1bf6877afe73488704" } },
          { meta: { signature: "sha256=504bafb006edc4b7fd7135df708be16d20100e2640584e1bf6877afe73488704" } },
        ],
      },
    },
  ],
  check: placeIssues,
  create(options, { clock }) {
    const [secret] = keysOf(options) as [string];
    const { timestamp, signature } = options;
    return {
      process(packet, emit) {
        const timed =
          timestamp === undefined
            ? packet
            : replace(packet, placed(packet, timestamp, Math.floor(clock.nowMs() / 1_000)));
        const text = signatureText(signedBytes(timed, options), secret, options);
        emit.out(replace(timed, placed(timed, signature, text)));
      },
    };
  },
});
