import type { LogFormat, LogLevelName } from "../observe/index.ts";

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
  /** Keep queues on a disk of another machine, where their promise does not hold. */
  networkDisk: boolean;
  /** Values to hide from logs and reports. */
  secrets: readonly string[];
}
