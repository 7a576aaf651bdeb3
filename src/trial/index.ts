export { Conductor, type Moment } from "./conductor.ts";
export { Outside, watchedHost } from "./outside.ts";
export { pace } from "./pace.ts";
export { replaced } from "./replaced.ts";
