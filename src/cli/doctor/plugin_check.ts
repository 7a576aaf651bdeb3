import * as fs from "node:fs";
import { lockFolder } from "../../registry/index.ts";
import { counted } from "../counted.ts";
import type { Check } from "./checks.ts";

/** Whether the plugins of a folder would load. */
export function pluginCheck(dir: string): Check {
  const name = "plugins";
  if (!fs.existsSync(dir)) return { name, status: "ok", detail: `there is no ${dir}` };
  const { changes, faults, current, file } = lockFolder(dir, { check: true });
  const [fault] = faults;
  if (fault !== undefined) {
    return { name, status: "fault", detail: fault.message, ...(fault.hint === undefined ? {} : { hint: fault.hint }) };
  }
  const detail = `${dir}: ${counted(changes.length, "plugin")}`;
  if (current) return { name, status: "ok", detail: `${detail}, as locked` };
  const hint = `read them, then run: schnitzel plugin lock ${dir}`;
  if (changes.length === 0) return { name, status: "ok", detail };
  if (!fs.existsSync(file)) return { name, status: "warning", detail: `${detail}, no lock: none is loaded`, hint };
  const differing = changes.filter(({ what }) => what !== "unchanged").map(({ id, what }) => `${id} ${what}`);
  return { name, status: "fault", detail: `${detail}, not as locked: ${differing.join(", ")}`, hint };
}
