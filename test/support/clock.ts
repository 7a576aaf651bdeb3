export { type VirtualClock, virtualClock } from "../../src/base/virtual_clock.ts";
