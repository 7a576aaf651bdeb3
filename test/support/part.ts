import { test } from "bun:test";
import * as fs from "node:fs";
import { canBuildFfmpeg } from "../../scripts/ffmpeg/build.ts";
import { hostTarget, targetNamed } from "../../scripts/targets.ts";
import { FAULTS, thisMachine } from "../../src/drill/index.ts";
import { arm64 } from "./arm64.ts";
import { canLimitMemory } from "./memory_limit.ts";
import { STREET } from "./street.ts";

/** Something a test needs from the machine that package.json cannot bring. */
interface Part {
  present(): boolean;
  /** How a person gets it. `scripts/test.sh` does so when it may. */
  get: string;
}

const onPath = (name: string, debianPackage = name): Part => ({
  present: () => Bun.which(name) !== null,
  get: `apt-get install ${debianPackage}`,
});

const PARTS = {
  curl: onPath("curl"),
  dash: onPath("dash"),
  /** A voice. */
  espeak: onPath("espeak-ng"),
  ffmpeg: onPath("ffmpeg"),
  /** The binary has an ffmpeg inside only where one can be built. */
  built_ffmpeg: {
    present: () => canBuildFfmpeg(hostTarget()),
    get: "apt-get install gcc make nasm dpkg-dev, on Debian",
  },
  cross_ffmpeg: {
    present: () => canBuildFfmpeg(targetNamed("linux-arm64")) && Bun.which("qemu-aarch64-static") !== null,
    get: "apt-get install gcc-aarch64-linux-gnu libc6-dev-arm64-cross dpkg-dev qemu-user-static, on Debian",
  },
  chromium: onPath("chromium"),
  minisign: onPath("minisign"),
  /** A street with people, ten pictures a second for 80 s. */
  opencv_doc: {
    present: () => STREET !== undefined,
    get: "sh scripts/test.sh takes examples/data/vtest.avi out of Debian's opencv-doc",
  },
  openssl: onPath("openssl"),
  promtool: onPath("promtool", "prometheus"),
  shellcheck: onPath("shellcheck"),
  wget: onPath("wget"),
  arm64: {
    present: () => arm64() !== undefined,
    get: "dpkg --add-architecture arm64; apt-get update; apt-get install qemu-user-static libc6:arm64",
  },
  /** arm64 programs that start arm64 programs. */
  arm64_children: {
    present: () => arm64()?.children === true,
    get: "a kernel that knows qemu: systemctl restart systemd-binfmt, or Linux 6.7 with user namespaces",
  },
  /** ONNX Runtime for this machine (scripts/native.ts); there is none for musl and for other systems. */
  native_library: {
    present: () => ["linux-x64", "linux-arm64"].includes(hostTarget().name),
    get: "run the tests on Linux with glibc, on x64 or arm64",
  },
  /** Weights that no package brings. */
  test_models: {
    present: () => fs.existsSync(process.env.SCHNITZEL_TEST_MODELS ?? ""),
    get: "set SCHNITZEL_TEST_MODELS to a folder with yolox_nano.onnx and rfb320_faces.onnx (schnitzel models pull)",
  },
  /** Small file systems of a test's own: full, read-only. */
  mount: {
    present: () => process.platform === "linux" && Bun.spawnSync(["unshare", "--mount", "true"]).success,
    get: "run the tests as root on Linux, in a container that may mount (CAP_SYS_ADMIN)",
  },
  prlimit: onPath("prlimit", "util-linux"),
  /** A bound on the memory of a process and its children. */
  memory_limit: {
    present: canLimitMemory,
    get: "run the tests as root on Linux with the memory controller of control groups at /sys/fs/cgroup",
  },
  /** A disk that a program serves. */
  fuse: {
    present: () => fs.existsSync("/dev/fuse") && Bun.which("bindfs") !== null,
    get: "apt-get install bindfs, on Linux with /dev/fuse",
  },
  /** What the faults of a drill need; the drill itself knows it best. */
  ...fault("power_cut", "run the tests as root on Linux with loop devices; apt-get install e2fsprogs mount"),
  ...fault("disk_full", "run the tests as root on Linux, in a container that may mount (CAP_SYS_ADMIN)"),
  ...fault("slow_disk", "apt-get install strace, on Linux"),
  ...fault("clock_jump", "apt-get install faketime, on Linux"),
} satisfies Record<string, Part>;

function fault<const Name extends string>(name: Name, get: string): Record<Name, Part> {
  const present = () =>
    FAULTS.find((candidate) => candidate.name === name)!.cannot(thisMachine(process.env)) === undefined;
  return { [name]: { present, get } } as Record<Name, Part>;
}

export type PartName = keyof typeof PARTS;

/**
 * `test` for a test that needs parts of the machine: `needs("minisign")("install.sh refuses …", () => …)`.
 * Where one is absent the test is skipped and says so on stderr; where `CI` is set it fails instead.
 */
export function needs(...names: PartName[]): (name: string, body: () => unknown, timeoutMs?: number) => void {
  const absent = names.filter((name) => !isPresent(name));
  if (absent.length === 0) return test as ReturnType<typeof needs>;
  const reason = absent.map((name) => `${name} is absent (${PARTS[name].get})`).join("; ");
  return (name, body) => {
    if (process.env.CI) return test(name, () => Promise.reject(new Error(`Cannot run this test: ${reason}`)));
    console.error(`SKIPPED ${name}: ${reason}`);
    test.skip(name, body as () => void);
  };
}

const known = new Map<PartName, boolean>();

function isPresent(name: PartName): boolean {
  const present = known.get(name) ?? PARTS[name].present();
  known.set(name, present);
  return present;
}
