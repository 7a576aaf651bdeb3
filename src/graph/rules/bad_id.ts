import type { DraftNode } from "../draft.ts";
import { NODE_ID } from "../schema.ts";
import type { Rule } from "./rule.ts";

/** Ids are words without dots, as a dot separates a node from its port. The predecessor took any text. */
export const badId: Rule = ({ compat, nodes }, report) => {
  if (compat) return;
  for (const node of nodes) {
    // That of an interceptor is made of names that are checked, with dots between them.
    if (node.intercepts !== undefined) continue;
    const own = node.id.slice((node.scope ?? "").length);
    if (NODE_ID.test(own) && node.id.length <= MAX_ID) continue;
    report(
      NODE_ID.test(own)
        ? tooLong(node)
        : {
            code: "BAD_ID",
            message: `Cannot use "${own.slice(0, 60)}" as a node id: it must match ${NODE_ID.source}`,
            place: node.place,
            path: `${node.path}.id`,
            hint: "letters, digits, _ and -, starting with a letter or _",
          },
    );
  }
};

/** Of a node in a file in a file. Why 128: as long as an id that stands by itself; queue files are named after ids. */
export const MAX_ID = 128;

function tooLong({ id, place, path }: DraftNode) {
  const message = `Cannot use "${id.slice(0, 60)}…" as a node id: with the nodes that bring in its file it has ${id.length} characters, at most ${MAX_ID} are allowed`;
  return { code: "BAD_ID" as const, message, place, path: `${path}.id`, hint: "shorten the ids on the way to it" };
}
