import * as fs from "node:fs";
import { withSbin } from "./program.ts";

/** What the faults need of the machine beside ourselves. */
export interface Machine {
  readonly platform: string;
  readonly isRoot: boolean;
  /** Path of a program, the folders of the administrator included; undefined when it is not installed. */
  which(program: string): string | undefined;
  /** The library of libfaketime that is made for programs with threads. */
  readonly faketime: string | undefined;
  readonly hasLoopDevices: boolean;
}

export function thisMachine(env: Readonly<Record<string, string | undefined>>): Machine {
  const PATH = withSbin(env.PATH);
  return {
    platform: process.platform,
    isRoot: process.getuid?.() === 0,
    which: (program) => Bun.which(program, { PATH }) ?? undefined,
    faketime: FAKETIME.flatMap((pattern) => [...new Bun.Glob(pattern).scanSync({ cwd: "/", absolute: true })])[0],
    hasLoopDevices: fs.existsSync("/dev/loop-control"),
  };
}

/** Debian and its children, Fedora and Arch. */
const FAKETIME = ["usr/lib/*/faketime/libfaketimeMT.so.1", "usr/lib{,64}/faketime/libfaketimeMT.so.1"];

/** Why file systems cannot be mounted here; undefined when they can. */
export function cannotMount(machine: Machine): string | undefined {
  if (machine.platform !== "linux")
    return `mounting a file system of its own is written for Linux, this is ${machine.platform}`;
  if (!machine.isRoot) return "mounting a file system needs root: start the drill with sudo";
  return missing(machine, ["mount", "umount"]);
}

/** Names the first program that is not installed. */
export function missing(machine: Machine, programs: readonly string[]): string | undefined {
  const absent = programs.find((program) => machine.which(program) === undefined);
  return absent === undefined ? undefined : `the program ${absent} is not installed`;
}
