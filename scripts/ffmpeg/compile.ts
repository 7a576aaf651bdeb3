import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { command } from "./command.ts";
import { configureFlags } from "./parts.ts";
import type { Source } from "./source.ts";

export interface Compiler {
  readonly arch: "x86_64" | "aarch64";
  /** Before the names of compiler and linker; empty builds for this machine. */
  readonly prefix: string;
}

export interface Sources {
  readonly zlib: Source;
  readonly mbedtls: Source;
  readonly ffmpeg: Source;
}

/** The licence texts that lie beside the binary afterwards, by the source they come from. */
export const LICENSES = {
  ffmpeg: ["COPYING.LGPLv3", "COPYING.GPLv3", "COPYING.LGPLv2.1"],
  zlib: ["README"],
  mbedtls: ["LICENSE"],
} as const;

const HARDENED = "-fstack-protector-strong -D_FORTIFY_SOURCE=2";

/** Builds zlib, mbedtls and, with these inside, ffmpeg; gives a folder with what is worth keeping. */
export async function compileFfmpeg(compiler: Compiler, sources: Sources, work: string): Promise<string> {
  const made = path.join(work, "made");
  for (const name of ["include", "lib", "made"]) fs.mkdirSync(path.join(work, name));
  await compileZlib(compiler, sources.zlib, work);
  await compileMbedtls(compiler, sources.mbedtls, work);
  await compileItself(compiler, sources.ffmpeg, work);
  const binary = path.join(made, "ffmpeg");
  await command([`${compiler.prefix}strip`, "-o", binary, "ffmpeg"], sources.ffmpeg.folder, "cannot strip ffmpeg");
  fs.chmodSync(binary, 0o755);
  for (const [name, files] of Object.entries(LICENSES)) {
    const { folder } = sources[name as keyof Sources];
    for (const file of files) fs.copyFileSync(path.join(folder, file), path.join(made, `${name}.${file}`));
  }
  const versions = Object.values(sources).map(({ name, version }) => [name, version]);
  fs.writeFileSync(path.join(made, "sources.json"), JSON.stringify(Object.fromEntries(versions)));
  return made;
}

const jobs = `-j${os.availableParallelism()}`;

function environment({ prefix }: Compiler, work: string): Record<string, string> {
  // The folder's name must not get into the binary: it is another one at every build.
  const CFLAGS = `-O2 -fPIC ${HARDENED} -ffile-prefix-map=${work}=.`;
  return { CC: `${prefix}gcc`, AR: `${prefix}ar`, RANLIB: `${prefix}ranlib`, CFLAGS };
}

async function compileZlib(compiler: Compiler, { folder }: Source, work: string) {
  await command(["./configure", "--static"], folder, "cannot configure zlib", environment(compiler, work));
  await command(["make", jobs, "libz.a"], folder, "cannot build zlib");
  for (const file of ["zlib.h", "zconf.h"]) fs.copyFileSync(path.join(folder, file), path.join(work, "include", file));
  fs.copyFileSync(path.join(folder, "libz.a"), path.join(work, "lib/libz.a"));
}

async function compileMbedtls(compiler: Compiler, { folder }: Source, work: string) {
  await command(["make", jobs, "lib"], folder, "cannot build mbedtls", environment(compiler, work));
  fs.cpSync(path.join(folder, "include"), path.join(work, "include"), { recursive: true });
  for (const file of ["libmbedtls.a", "libmbedx509.a", "libmbedcrypto.a"]) {
    fs.copyFileSync(path.join(folder, "library", file), path.join(work, "lib", file));
  }
}

async function compileItself({ arch, prefix }: Compiler, { folder }: Source, work: string) {
  const crossing = prefix === "" ? [] : ["--enable-cross-compile", `--cross-prefix=${prefix}`, "--target-os=linux"];
  // Relative: configure's own arguments are in the binary, and must be the same in every folder.
  const to = (name: string) => path.relative(folder, path.join(work, name));
  const own = [
    `--arch=${arch}`,
    ...crossing,
    "--enable-pic",
    `--extra-cflags=-I${to("include")} ${HARDENED}`,
    `--extra-ldflags=-L${to("lib")} -Wl,-z,relro,-z,now`,
    "--extra-ldexeflags=-pie",
  ];
  await command(["./configure", ...configureFlags(), ...own], folder, "cannot configure ffmpeg");
  await command(["make", jobs, "ffmpeg"], folder, "cannot build ffmpeg");
}
