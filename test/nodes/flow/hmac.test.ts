import { expect, test } from "bun:test";
import { signHmac } from "../../../src/nodes/flow/sign_hmac.ts";
import { verifyHmac } from "../../../src/nodes/flow/verify_hmac.ts";
import { packet, startNode, testContext } from "../../support/node.ts";

const NEW = "a new secret of some length";
const OLD = "the secret of last year";

/** A packet as `sign_hmac` hands it on. */
async function signed(config: Record<string, unknown>, fields = {}, context = testContext()) {
  const { process, on } = startNode(signHmac, { keys: NEW, ...config }, context);
  await process(packet({ payload: { b: 1, a: 2 }, meta: { idempotency_key: "k" }, ...fields }));
  return on("out")[0]!;
}

test("verify_hmac passes what sign_hmac signed, whatever the order of keys, in every encoding and algorithm", async () => {
  for (const algorithm of ["sha256", "sha384", "sha512"]) {
    for (const encoding of ["hex", "base64"]) {
      const config = { keys: [NEW, OLD], algorithm, encoding, prefix: "v1=", signature: "payload.signature" };
      const { payload, ...rest } = await signed(config);
      const { a, b, signature } = payload as Record<string, unknown>;
      const { process, on } = startNode(verifyHmac, config);
      await process(packet({ ...rest, payload: { signature, a, b } }));
      expect(on("out")).toHaveLength(1);
    }
  }
});

test.each([
  ["is missing", {}, "has no meta.signature"],
  ["is empty", { signature: "" }, "none of the keys"],
  ["is cut short", { signature: "00ff" }, "none of the keys"],
  ["is of another content", { signature: "0".repeat(64) }, "none of the keys"],
  ["is a number", { signature: 5 }, "has no meta.signature"],
])("verify_hmac rejects a packet whose signature %s", async (_name, meta, why) => {
  const { process, emitted, node } = startNode(verifyHmac, { keys: NEW });
  await expect(process(packet({ meta }))).rejects.toMatchObject({
    name: "Rejected",
    message: expect.stringContaining(why),
  });
  expect([emitted, node.metrics!().refused_total]).toEqual([[], 1]);
});

test("verify_hmac rejects a changed payload, and never says a key", async () => {
  const { process } = startNode(verifyHmac, { keys: NEW });
  const good = await signed({});
  const refusal = process(packet({ ...good, payload: { a: 2, b: 2 } }));
  await expect(refusal).rejects.toThrow("of other content");
  await expect(refusal).rejects.not.toThrow(NEW);
});

test("verify_hmac takes an old key, and counts it", async () => {
  const { process, on, node } = startNode(verifyHmac, { keys: [NEW, OLD] });
  await process(await signed({ keys: OLD }));
  await process(await signed({ keys: NEW }));
  expect([on("out").length, node.metrics!()]).toEqual([
    2,
    expect.objectContaining({ old_key_total: 1, verified_total: 2 }),
  ]);
  await expect(startNode(verifyHmac, { keys: NEW }).process(await signed({ keys: OLD }))).rejects.toThrow(
    "none of the keys",
  );
});

test("verify_hmac with a timestamp rejects what is old or ahead, and a time that was changed", async () => {
  const context = testContext();
  const config = { keys: NEW, timestamp: "meta.at" };
  const { process, node } = startNode(verifyHmac, { ...config, window: "1m" }, context);
  const first = await signed(config, {}, context);
  context.clock.advance(60_000);
  await process(first);
  context.clock.advance(2_000);
  await expect(process(first)).rejects.toThrow("62 s from now, at most 1m");
  const later = packet({ ...first, meta: { ...first.meta, at: (first.meta.at as number) + 60 } });
  await expect(process(later)).rejects.toThrow("none of the keys");
  expect(node.metrics!()).toMatchObject({ verified_total: 1, replayed_total: 1, refused_total: 1 });
});

test("verify_hmac lets the same packet come again, and its signature with another key not, also after a restart", async () => {
  const context = testContext();
  const config = { keys: NEW, timestamp: "meta.at" };
  const before = startNode(verifyHmac, config, context);
  // The key itself is not signed: whoever copies the request may change it.
  const first = await signed({ ...config, of: "payload" }, {}, context);
  const copied = packet({ ...first, meta: { ...first.meta, idempotency_key: "another" } });
  await before.process(first);
  await before.process(first);
  await expect(before.process(copied)).rejects.toThrow("came already");
  const after = startNode(verifyHmac, config, context);
  after.node.restore!(structuredClone(before.node.snapshot!()));
  await expect(after.process(copied)).rejects.toThrow("came already");
});

test("verify_hmac forgets signatures once their time is over, and the oldest when they are too many", async () => {
  const context = testContext();
  const config = { keys: NEW, timestamp: "meta.at" };
  const { process, node } = startNode(verifyHmac, { ...config, window: "1m", max_seen: 2 }, context);
  for (const at of [1, 2, 3]) await process(await signed(config, { payload: at }, context));
  expect(node.metrics!()).toMatchObject({ signatures: 2, signatures_forgotten_total: 1 });
  context.clock.advance(120_001);
  await process(await signed(config, { payload: 4 }, context));
  expect(node.metrics!()).toMatchObject({ signatures: 1 });
});

test("verify_hmac parses what was signed, and rejects what is no JSON", async () => {
  const config = { parse: true, keys: NEW };
  const { process, on } = startNode(verifyHmac, config);
  await process(await signed({}, { payload: '{"door":"open"}' }));
  expect(on("out")[0]!.payload).toEqual({ door: "open" });
  await expect(process(await signed({}, { payload: "{door" }))).rejects.toMatchObject({ name: "Rejected" });
});

test.each([
  [{ signature: "payload" }, "is taken"],
  [{ timestamp: "meta.signature" }, "is taken"],
  [{ parse: true, signature: "payload.signature" }, "must not be inside payload"],
])("verify_hmac refuses %j", (given, why) => {
  const options = { keys: NEW, signature: "meta.signature", of: "payload", parse: false, ...given };
  expect(verifyHmac.check(options).map(({ message }) => message)).toEqual([expect.stringContaining(why)]);
});
