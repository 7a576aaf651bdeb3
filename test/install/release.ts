import * as fs from "node:fs";
import * as path from "node:path";
import { tarGz } from "../../scripts/tar.ts";
import { ROOT, runCommand } from "../support/binary.ts";

/** An executable that answers `version`, which is all the installer asks of one, and `sleep` to keep running. */
export const program = (version: string) =>
  `#!/bin/sh\ncase $1 in version) echo "schnitzel ${version}" ;; sleep) exec sleep "$2" ;; esac\n`;

export interface ReleaseOptions {
  version?: string;
  platform?: string;
  /** The executable in the archive. */
  content?: string;
  /** Other files of the archive, by path. */
  others?: Readonly<Record<string, string>>;
}

/** Adds an archive with its checksum line to a release folder; gives the archive's path. */
export function addRelease(folder: string, options: ReleaseOptions = {}): string {
  const { version = "0.1.0", platform = "linux-x64", content = program(version), others = {} } = options;
  const name = `schnitzel-${version}-${platform}`;
  const entry = (file: string, mode: 0o755 | 0o644, text: string) => ({
    ...{ path: `${name}/${file}`, mode },
    bytes: Buffer.from(text),
  });
  const more = Object.entries(others).map(([file, text]) => entry(file, 0o644, text));
  const bytes = tarGz([entry("schnitzel", 0o755, content), ...more], 0);
  const file = path.join(folder, `${name}.tar.gz`);
  fs.writeFileSync(file, bytes);
  const sum = new Bun.CryptoHasher("sha256").update(bytes).digest("hex");
  fs.appendFileSync(path.join(folder, "SHA256SUMS"), `${sum}  ${name}.tar.gz\n`);
  return file;
}

/** Makes a minisign key without password in `folder`; gives its public key. */
export async function makeKey(folder: string, name: string): Promise<string> {
  const [secret, open] = [path.join(folder, `${name}.key`), path.join(folder, `${name}.pub`)];
  const made = await runCommand(["minisign", "-G", "-f", "-W", "-p", open, "-s", secret]);
  if (made.code !== 0) throw new Error(`minisign -G failed: ${made.stderr}`);
  return fs.readFileSync(open, "utf8").trim().split("\n").at(-1)!;
}

/** Writes `SHA256SUMS.minisig` with the key of that name. */
export async function sign(release: string, keys: string, name: string): Promise<void> {
  const sums = path.join(release, "SHA256SUMS");
  const made = await runCommand(["minisign", "-S", "-s", path.join(keys, `${name}.key`), "-m", sums]);
  if (made.code !== 0) throw new Error(`minisign -S failed: ${made.stderr}`);
}

/** Serves a folder on loopback; counts what was asked for. */
export function serve(folder: string) {
  const asked: string[] = [];
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch(request) {
      const file = path.basename(new URL(request.url).pathname);
      asked.push(file);
      const full = path.join(folder, file);
      return fs.existsSync(full) ? new Response(Bun.file(full)) : new Response("no such file", { status: 404 });
    },
  });
  return { url: `http://127.0.0.1:${server.port}/r`, asked, [Symbol.dispose]: () => void server.stop(true) };
}

/** What the installer needs of a system, and no more: neither a downloader nor minisign. */
const TOOLS = "sh bash awk cat chmod cp df dirname getconf grep gzip ldd mkdir mktemp mv rm sed sha256sum tar uname";

/** A folder to be the whole PATH: the basic tools, `extra` ones, and `fakes` (name → shell script). */
export function toolbox(folder: string, extra: readonly string[], fakes: Record<string, string> = {}): string {
  const bin = path.join(folder, "toolbox");
  fs.mkdirSync(bin);
  for (const tool of [...TOOLS.split(" "), ...extra]) {
    if (!(tool in fakes)) fs.symlinkSync(Bun.which(tool) ?? `/usr/bin/${tool}`, path.join(bin, tool));
  }
  for (const [tool, script] of Object.entries(fakes)) {
    fs.writeFileSync(path.join(bin, tool), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  }
  return bin;
}

export interface InstallOptions {
  home: string;
  args?: readonly string[];
  env?: Record<string, string>;
  path?: string;
  /** Runs the installer in a mount namespace of its own, after this shell script (and before its `report`). */
  mount?: string;
}

/** Runs the real `install.sh` with the real `sh` and nothing else of this process's environment. */
export function install({
  home,
  args = [],
  env = {},
  path: PATH = "/usr/local/bin:/usr/bin:/bin",
  mount,
}: InstallOptions) {
  const script = path.join(ROOT, "install.sh");
  const direct = ["/bin/sh", script, ...args];
  const command =
    mount === undefined
      ? direct
      : [
          "unshare",
          "--mount",
          "/bin/sh",
          "-c",
          `report() { :; }\n${mount}\n"$@"; code=$?; report; exit $code`,
          "sh",
          ...direct,
        ];
  const nothing = Object.fromEntries(Object.keys(process.env).map((name) => [name, undefined]));
  return runCommand(command, { cwd: home, env: { ...nothing, HOME: home, PATH, ...env } });
}

/** Files left in `~/.local/bin`, half-written ones included. */
export function installed(home: string): string[] {
  const bin = path.join(home, ".local/bin");
  return fs.existsSync(bin) ? fs.readdirSync(bin).sort() : [];
}
