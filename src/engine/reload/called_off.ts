/** Ends a reload before the graph has changed: the old one goes on. */
export class CalledOff extends Error {}
