import { didYouMean } from "../base/suggest.ts";
import { splitPort } from "./draft.ts";

/** The edge end a person most likely meant by `text`, with its port; undefined when no id is near. */
export function nearestEnd(text: string, ids: readonly string[]): string | undefined {
  const [id, port] = splitPort(text);
  const near = didYouMean(id, ids) ?? didYouMean(text, ids);
  return near !== undefined && port !== undefined ? `${near}.${port}` : near;
}
