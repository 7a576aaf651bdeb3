export * from "./bytes_ref.ts";
export * from "./factory.ts";
export * from "./float.ts";
export * from "./jsonl.ts";
export * from "./kinds.ts";
export * from "./packet.ts";
export * from "./profile.ts";
