import { expect, test } from "bun:test";
import * as fc from "fast-check";
import type { QueueEntry } from "../../src/store/index.ts";
import type { Answer, Asked } from "../../src/store/operation.ts";
import { packAnswers, packAsked, unpackAnswers, unpackAsked } from "../../src/store/wire.ts";

/** Few different ones, so that rows often have some in common, also with themselves. */
const text = fc.constantFrom("", "a", "b", "aa", "ä", "한");
const fields = { key: text, packet_id: text, ts: text, kind: text, source_id: text, payload: text, meta: text };
const entry: fc.Arbitrary<QueueEntry> = fc.record({ ...fields, partition: text });
const entries = fc.array(entry, { maxLength: 5 });

/** As a message of a thread. */
const sent = <Message>(message: Message): Message => structuredClone(message);

test("calls cross a thread as they are, whatever their rows have in common", () => {
  fc.assert(
    fc.property(fc.array(entries, { maxLength: 4 }), fc.option(fc.nat(), { nil: undefined }), (calls, after) => {
      const asked = calls.map((rows, id): Asked => ({ id, operation: { op: "enqueue", entries: rows, after } }));
      expect(unpackAsked(sent(packAsked(asked)))).toEqual(asked);
    }),
  );
});

test("rows cross a thread as they are, whatever they have in common", () => {
  const row = fc.record({ ...fields, partition: text, seq: fc.nat(), attempt: fc.nat(), enqueuedMs: fc.nat() });
  fc.assert(
    fc.property(fc.array(row, { maxLength: 9 }), fc.boolean(), (rows, backlog) => {
      const answers: Answer[] = [{ id: 1, name: "lease", value: rows.map((one) => ({ ...one, backlog })) }];
      expect(unpackAnswers(sent(packAnswers(answers)))).toEqual(answers);
    }),
  );
});
