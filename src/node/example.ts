import type { StreamPacket } from "../packet/index.ts";
import type { CellValue } from "./cells.ts";

/** A packet in an example: a full one, or the source id alone when nothing else matters. */
export type ExamplePacket = string | Partial<StreamPacket>;

/** A packet that comes in; `to` names the input port when it is not the first. */
export type ExampleInput = ExamplePacket | (Partial<StreamPacket> & { to: string });

export interface ExampleRequest {
  url: string;
  headers?: Readonly<Record<string, string>>;
  body: string;
  status: number;
}

/** Shown in the docs and run by the conformance suite. */
export interface Example {
  title: string;
  config: Record<string, unknown>;
  /** After the last one the input ends: a node with `advance` hears it, and one with `wake` is woken as it asked. */
  input?: readonly ExampleInput[];
  /** Expected packets by output port; fields left out are not compared. */
  output?: Readonly<Record<string, readonly ExamplePacket[]>>;
  /** Files the example reads, by relative path. */
  files?: Readonly<Record<string, string | Uint8Array>>;
  /** Values of cells of the blackboard before the first packet. */
  cells?: Readonly<Record<string, CellValue>>;
  /** Text on standard input. */
  stdin?: string;
  /** Expected text on standard output. */
  stdout?: string;
  /** HTTP requests that reach the node, one after the other, and the status each gets. */
  requests?: readonly ExampleRequest[];
  /** Expected HTTP requests to a server that takes everything, in order. */
  posted?: readonly { url: string; body: string; headers?: Readonly<Record<string, string>> }[];
}
