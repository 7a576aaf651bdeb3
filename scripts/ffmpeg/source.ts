import * as fs from "node:fs";
import * as path from "node:path";
import { CannotMake } from "../assets/asset.ts";
import { command } from "./command.ts";

/** A source package as it was unpacked, Debian's patches applied. */
export interface Source {
  readonly name: string;
  /** Debian's version, such as `7:5.1.9-0+deb12u1`. */
  readonly version: string;
  readonly folder: string;
}

/**
 * Gets source packages of the Debian release of this machine, security updates included, from the mirrors that it
 * is set up with. Needs no root and changes nothing of apt's own: its lists lie in `folder`.
 */
export async function getSources(names: readonly string[], folder: string): Promise<Source[]> {
  const apt = await aptWithSources(folder);
  // A machine without network says so in seconds, not after apt's minutes.
  await command([...apt, "-qq", "update"], folder, "cannot reach a Debian mirror").catch((error) => {
    throw new CannotMake(error.message);
  });
  const found: Source[] = [];
  for (const name of names) {
    await command([...apt, "-qq", "source", name], folder, `cannot get the source of ${name} from Debian`);
    const dsc = fs.readdirSync(folder).find((file) => file.startsWith(`${name}_`) && file.endsWith(".dsc"))!;
    const version = /^Version: (.*)$/m.exec(fs.readFileSync(path.join(folder, dsc), "utf8"))![1]!;
    const upstream = version.replace(/^\d+:/, "").replace(/-[^-]*$/, "");
    found.push({ name, version, folder: path.join(folder, `${name}-${upstream}`) });
  }
  return found;
}

async function aptWithSources(folder: string): Promise<string[]> {
  const list = path.join(folder, "debian.sources");
  const stanzas = debianStanzas();
  if (stanzas.length === 0) throw new CannotMake("its source comes from Debian, and no Debian mirror is set up here");
  fs.writeFileSync(list, stanzas.join("\n\n") + "\n");
  for (const made of ["lists/partial", "archives/partial"]) fs.mkdirSync(path.join(folder, made), { recursive: true });
  const options = {
    "Dir::Etc::sourcelist": list,
    "Dir::Etc::sourceparts": "-",
    "Dir::State::lists": path.join(folder, "lists"),
    "Dir::Cache": folder,
    "APT::Sandbox::User": "", // else root becomes a user who cannot write into this folder
    "Acquire::http::Timeout": "10",
    "Acquire::https::Timeout": "10",
    "Acquire::Languages": "none",
  };
  return ["apt-get", ...Object.entries(options).flatMap(([name, value]) => ["-o", `${name}=${value}`])];
}

/** The machine's Debian entries, as entries for sources. Other repositories (of Node, say) have none of these. */
function debianStanzas(): string[] {
  const parts = "/etc/apt/sources.list.d";
  const inParts = fs.existsSync(parts) ? fs.readdirSync(parts).map((file) => path.join(parts, file)) : [];
  return ["/etc/apt/sources.list", ...inParts].filter((file) => fs.existsSync(file)).flatMap(stanzasOf);
}

function stanzasOf(file: string): string[] {
  const text = fs.readFileSync(file, "utf8");
  const found = file.endsWith(".sources") ? text.split(/\n\s*\n/) : file.endsWith(".list") ? oneLine(text) : [];
  return found
    .filter((stanza) => /^URIs:.*\/debian/m.test(stanza) && /^Types:.*\bdeb\b/m.test(stanza))
    .map((stanza) =>
      stanza
        .replace(/^Types:.*$/m, "Types: deb-src")
        .replace(/^Architectures:.*\n/m, "")
        .trim(),
    );
}

/** `deb [signed-by=KEY] URI SUITE COMPONENT…`, as a stanza. */
function oneLine(text: string): string[] {
  const lines = text.matchAll(/^deb\s+(?:\[([^\]]*)\]\s+)?(\S+)\s+(\S+)\s+(.*)$/gm);
  return [...lines].map(([, options = "", uri, suite, components]) => {
    const key = /signed-by=(\S+)/.exec(options)?.[1] ?? "/usr/share/keyrings/debian-archive-keyring.gpg";
    return `Types: deb\nURIs: ${uri}\nSuites: ${suite}\nComponents: ${components}\nSigned-By: ${key}`;
  });
}
