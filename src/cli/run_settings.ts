import type { Clock } from "../base/clock.ts";
import {
  type Engine,
  type Host,
  packetBudget,
  type SourceTap,
  type ThrottlePolicy,
  timeBudget,
} from "../engine/index.ts";
import type { GraphPlan, GraphSource } from "../graph/index.ts";
import type { LogFormat, LogLevelName } from "../observe/index.ts";
import type { RecordSettings } from "./record_flags.ts";
import type { RunStateOptions } from "./run_state.ts";

/** How `schnitzel run` runs a plan, checked. */
export interface RunSettings {
  maxPackets: number | undefined;
  maxSeconds: number | undefined;
  drainSeconds: number;
  /** Seconds one call of a node may hold the run; 0 only warns. */
  stallSeconds: number;
  seed: number | undefined;
  /** Print the report as the last line of stdout. */
  reportJson: boolean;
  /** File that gets the report as well. */
  reportFile: string | undefined;
  /** File that gets every dead letter as a JSON line. */
  deadLettersFile: string | undefined;
  /** Address of the HTTP server, over the graph's own. */
  http: string | undefined;
  httpTokenFile: string | undefined;
  httpInsecure: boolean;
  logLevel: LogLevelName;
  logFormat: LogFormat;
  failDegraded: boolean;
  /** Folder with one folder per graph; undefined: the operating system's. */
  stateDir: string | undefined;
  /** Begin without the state that nodes had. */
  freshState?: boolean | undefined;
  /** Keep queues on a disk of another machine, where their promise does not hold. */
  networkDisk: boolean;
  /** `--record`. */
  record?: RecordSettings | undefined;
  /** How the graph is read again; undefined where it came from no file. */
  reload?: ReloadSettings | undefined;
  /** Set when the sources are a recording. */
  replay?: Replaying;
  /** Values to hide from logs and reports. */
  secrets: readonly string[];
}

/** The graph, as it stands in its files now. */
export interface ReadAgain {
  readonly plan: GraphPlan | undefined;
  /** What was found, for a person. */
  readonly findings: string;
  /** What was read; undefined where it could not be. */
  readonly source: GraphSource | undefined;
  /** Values to hide from logs and reports. */
  readonly secrets: readonly string[];
  /** Files that were looked for, absolute; a graph with errors has no others to watch. */
  readonly files: readonly string[];
}

export interface ReloadSettings {
  /** As the run began. */
  readonly source: GraphSource;
  /** Without a file: the one that the run began with. A text stands in the place of what is in that. */
  read(from: { file?: string | undefined; text?: string | undefined }): Promise<ReadAgain>;
  /** `--watch`. */
  watch: boolean;
  /** `--http` says where the run is served. */
  httpFlag: boolean;
  /** Folders in which a new plugin may come to stand. */
  pluginsDir: string;
}

export function throttlesOf({ maxPackets, maxSeconds }: RunSettings): ThrottlePolicy[] {
  const throttles: ThrottlePolicy[] = [];
  if (maxPackets !== undefined) throttles.push(packetBudget(maxPackets));
  if (maxSeconds !== undefined) throttles.push(timeBudget(maxSeconds));
  return throttles;
}

/** What is not the machine's own in a run of a recording. */
export interface Replaying {
  readonly clock: Clock;
  readonly tap: SourceTap;
  readonly state: Pick<RunStateOptions, "clock" | "openFile" | "scratch">;
  host(host: Host): Host;
  /** Runs the engine to its end and moves its time. */
  pace(engine: Engine): Promise<unknown>;
}
