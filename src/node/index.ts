export { ANY } from "../packet/index.ts";
export * from "./blobs.ts";
export * from "./catalogue.ts";
export * from "./context.ts";
export * from "./definition.ts";
export * from "./delivery.ts";
export * from "./failure.ts";
export * from "./files.ts";
export * from "./port.ts";
