/** What `plugin:` says: a name alone, or a plugin and one of its exports (`loiter:Loiter`). */
export interface Address {
  id: string;
  export?: string;
}

/** First character a letter or digit, then also `.`, `_`, `-`; at most 64, so every file system can hold it. */
const ID = /^[a-z0-9][a-z0-9._-]{0,63}$/;
const EXPORT = /^[A-Za-z_$][A-Za-z0-9_$]{0,127}$/;
/** Devices that Windows puts in every folder, with any extension. */
const RESERVED = /^(con|prn|aux|nul|com[0-9]|lpt[0-9])(\.|$)/;

export const ID_RULE =
  "1 to 64 of a-z 0-9 . _ - (no two dots in a row, first a letter or digit, no Windows device name)";

/** Splits an address, or says why it can be none. */
export function parseAddress(text: string): Address | { fault: string } {
  const colon = text.indexOf(":");
  const id = colon === -1 ? text : text.slice(0, colon);
  if (!isPluginId(id)) return { fault: `the plugin's name must be ${ID_RULE}` };
  if (colon === -1) return { id };
  const name = text.slice(colon + 1);
  return EXPORT.test(name) ? { id, export: name } : { fault: `after the colon stands the name of an export` };
}

export function isPluginId(id: string): boolean {
  return ID.test(id) && !id.includes("..") && !RESERVED.test(id);
}
