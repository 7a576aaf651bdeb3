export { type Command, defineCommand, type Entry, type Flags, type FlagValues, type Group } from "./command.ts";
export * as flag from "./flag.ts";
export { commandHelp, groupHelp } from "./help.ts";
export { UsageError } from "./usage.ts";
