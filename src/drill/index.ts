export { INSIDE } from "./child.ts";
export { CannotDrill, drill } from "./drill.ts";
export { FAULTS } from "./faults/list.ts";
export { drillHtml } from "./html.ts";
export { thisMachine } from "./machine.ts";
export { type DrillResult, failuresIn, isSkipped } from "./result.ts";
export { DEFAULT_LOAD, DEFAULTS, type DrillOptions } from "./settings.ts";
export type { Target } from "./target.ts";
export { drillText } from "./text.ts";
