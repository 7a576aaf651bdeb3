import * as fs from "node:fs";

/** POSIX has it there; a system without (Windows) has no guard. */
export const SHELL = "/bin/sh";

/**
 * Reads `+ PID` and `- PID`, and when nobody is left who could write, that is when this process is gone in whatever
 * way, kills the groups that are still noted. Signals meant for schnitzel must not end it before schnitzel ends.
 */
const SCRIPT = `
trap '' HUP INT TERM QUIT PIPE
noted=
while read -r sign pid <&3; do
  case $sign in
    +) noted="$noted $pid" ;;
    -) kept=
       for other in $noted; do [ "$other" = "$pid" ] || kept="$kept $other"; done
       noted=$kept ;;
  esac
done
# Again until the group is gone, for two seconds at most: one of it may have been starting another.
for try in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
  left=
  for pid in $noted; do kill -9 "-$pid" 2>/dev/null && left="$left $pid"; done
  noted=$left
  [ -n "$noted" ] || exit 0
  sleep 0.1
done
`;

/** A guard that dies is started again, but one that cannot live here is not tried for ever. */
const MAX_STARTS = 10;

/**
 * One small shell process beside this one, which outlives it by a moment and leaves no child of it behind, also after
 * kill -9. A signal to the child itself when its parent dies (PR_SET_PDEATHSIG) is Linux's alone, and forgets grandchildren.
 */
class ChildGuard {
  readonly #noted = new Set<number>();
  /** Keeps the process object: with it goes the descriptor. */
  #process: Bun.Subprocess | undefined;
  #starts = 0;

  /**
   * The descriptor to which a child writes `+ PID` before it becomes the program, so that there is no moment in which
   * it lives and is not noted. It must close it then: the guard waits for the last one. Undefined: no guard here.
   */
  descriptor(): number | undefined {
    if (this.#process === undefined && this.#starts < MAX_STARTS && fs.existsSync(SHELL)) this.#start();
    return this.#process?.stdio[3] as number | undefined;
  }

  note(pid: number) {
    this.#noted.add(pid);
  }

  /** For a child that does not write to the descriptor itself. */
  tell(pid: number) {
    this.#tell("+", pid);
  }

  forget(pid: number) {
    this.#noted.delete(pid);
    this.#tell("-", pid);
  }

  #start() {
    this.#starts += 1;
    const guard = Bun.spawn([SHELL, "-c", SCRIPT], {
      stdio: ["ignore", "ignore", "ignore", "pipe"],
      cwd: "/",
      env: {},
      // Of its own session: what a terminal or a service manager sends to schnitzel's group must not end it.
      detached: true,
    });
    this.#process = guard;
    guard.unref();
    for (const pid of this.#noted) this.#tell("+", pid);
    void guard.exited.then(() => {
      this.#process = undefined;
      if (this.#noted.size > 0) this.descriptor();
    });
  }

  #tell(sign: "+" | "-", pid: number) {
    const descriptor = this.#process?.stdio[3];
    if (typeof descriptor !== "number") return;
    try {
      fs.writeSync(descriptor, `${sign} ${pid}\n`);
    } catch {
      // It is gone; the next one is told anew.
    }
  }
}

export const childGuard = new ChildGuard();
