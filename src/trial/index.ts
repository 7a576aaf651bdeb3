export { Conductor, type Moment } from "./conductor.ts";
export { Coverage, type CoverageFigure } from "./coverage.ts";
export type { Failure } from "./expect/outcome.ts";
export type { Machine, OpenState, StateOptions } from "./life/world.ts";
export { Outside, watchedHost } from "./outside.ts";
export { pace } from "./pace.ts";
export { replaced } from "./replaced.ts";
export { type CaseResult, runCase } from "./run_case.ts";
export { type CompileForTest, type ReadTestFile, readTestFile, type TestCompile } from "./script/read_test_file.ts";
