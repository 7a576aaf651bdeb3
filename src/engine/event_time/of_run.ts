import type { DurableEdges } from "../durable/edges.ts";
import type { Host } from "../host.ts";
import type { Timers } from "../timers.ts";
import { EventTime, type EventTimeRun } from "./event_time.ts";
import { eventTimeOptions } from "./options.ts";

/** A run whose nodes are created. */
interface Run extends Pick<EventTimeRun, "scheduler" | "wiring" | "work"> {
  readonly host: Pick<Host, "clock">;
  readonly timers: Timers;
  readonly durable: Pick<DurableEdges, "plan">;
}

/** Event time of a run; undefined when no node waits for it. */
export function eventTimeOf({ host, timers, durable, scheduler, wiring, work }: Run): EventTime | undefined {
  const optionsOf: EventTimeRun["optionsOf"] = ({ index }) => eventTimeOptions(durable.plan, index);
  return EventTime.of({ clock: host.clock, timers, scheduler, wiring, work, optionsOf });
}
