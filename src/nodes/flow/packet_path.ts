import * as v from "valibot";
import type { StreamPacket } from "../../packet/index.ts";
import { readPath } from "../payload_path.ts";

/** A place in a packet that people name: `payload.user.name`, `meta.signature`, or all of the payload. */
export const packetPath = v.pipe(
  v.string(),
  v.regex(
    /^(?:payload(?:\.[^.]+)*|meta(?:\.[^.]+)+)$/,
    "must be payload, payload.KEY or meta.KEY, with dots between keys",
  ),
  v.check((path) => !path.split(".").includes("__proto__"), "must not name __proto__"),
);

export const readPacketPath = ({ payload, meta }: StreamPacket, path: string) => readPath({ payload, meta }, path);
