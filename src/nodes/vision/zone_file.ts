import type { NodeContext } from "../../node/index.ts";
import { readZones, readZonesLeniently, type Zone, type ZoneFault } from "./zones.ts";

/** Where a zone policy gets its zones. */
export interface ZoneSource {
  /** The zones to use now; a promise only while there are none yet. */
  current(): readonly Zone[] | Promise<readonly Zone[]>;
  close(): void | Promise<void> | undefined;
  metrics(): Record<string, number>;
}

/** A zone list has hundreds of bytes per zone; a megabyte is a wrong file. */
const MAX_BYTES = 1024 * 1024;

export function inlineZones(list: readonly unknown[], lenient: boolean, { log }: NodeContext): ZoneSource {
  const zones = zonesFrom(list, "the config", lenient, log);
  return { current: () => zones, close() {}, metrics: () => ({ zones: zones.length }) };
}

/** Zones from a YAML or JSON file: read at start, and again when `ttlMs` has passed. */
export function fileZones(file: string, ttlMs: number, lenient: boolean, context: NodeContext): ZoneSource {
  const { clock, log } = context;
  const read = () => readZoneFile(file, lenient, context);
  let failures = 0;
  let zones: readonly Zone[] = [];
  const refresh = () => {
    try {
      zones = read();
    } catch (error) {
      failures += 1;
      log.warn("keeping the zones read before: the zone file cannot be read now", { error: String(error) });
    }
  };
  if (lenient) refresh();
  else zones = read();
  let readAtMs = clock.monotonicMs();
  return {
    current() {
      if (clock.monotonicMs() - readAtMs >= ttlMs) {
        readAtMs = clock.monotonicMs();
        refresh();
      }
      return zones;
    },
    close() {},
    metrics: () => ({ zones: zones.length, refresh_failed_total: failures }),
  };
}

function readZoneFile(file: string, lenient: boolean, { files, log }: NodeContext): Zone[] {
  if (!/\.(ya?ml|json)$/i.test(file))
    throw new Error(`cannot read zones from "${file}": its name must end in .yaml, .yml or .json`);
  if (!files.exists(file))
    throw new Error(`cannot read zones from "${file}": there is no such file at ${files.resolve(file)}`);
  const { size } = files.stat(file);
  if (size > MAX_BYTES)
    throw new Error(`cannot read zones from "${file}": it may have 1 MiB at most, it has ${size} bytes`);
  return zonesFrom(parse(file, files.readText(file)), `"${file}"`, lenient, log);
}

function parse(file: string, text: string): unknown {
  try {
    const value: unknown = /\.json$/i.test(file) ? JSON.parse(text) : Bun.YAML.parse(text);
    return Array.isArray(value) ? value : (value as { zones?: unknown } | null)?.zones;
  } catch (error) {
    throw new Error(`cannot read zones from "${file}": ${(error as Error).message}`);
  }
}

/** Checks a list of zones from anywhere. Strict: throws and names the first fault. Lenient: passes faulty zones over. */
export function zonesFrom(list: unknown, origin: string, lenient: boolean, log: NodeContext["log"]): Zone[] {
  if (!Array.isArray(list)) throw new Error(`cannot read zones from ${origin}: expected a list of zones`);
  if (lenient) {
    const { zones, skipped } = readZonesLeniently(list);
    if (skipped > 0) log.warn("zones passed over: a zone needs a polygon of three points", { origin, skipped });
    return zones;
  }
  const { zones, faults } = readZones(list);
  if (faults.length > 0) throw new Error(`cannot read zones from ${origin}: ${faultText(faults)}`);
  return zones;
}

function faultText(faults: readonly ZoneFault[]): string {
  const [{ path, message }] = faults as [ZoneFault];
  const where = path.map((step) => (typeof step === "number" ? `[${step}]` : `.${step}`)).join("");
  return `zones${where}: ${message}${faults.length > 1 ? ` (and ${faults.length - 1} more)` : ""}`;
}
