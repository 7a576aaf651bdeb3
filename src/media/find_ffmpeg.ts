import type { Ffmpeg, FindFfmpeg } from "../node/index.ts";
import { type FfmpegMachine, thisMachine } from "./ffmpeg_machine.ts";
import { type Search, searchFfmpeg } from "./search_ffmpeg.ts";

/** How to come by one, as the last sentence of every message that misses it. */
export const HOW_TO_GET_FFMPEG =
  "Install ffmpeg 4 or newer (apt install ffmpeg, brew install ffmpeg), put it beside schnitzel, name it with SCHNITZEL_FFMPEG=/path/to/ffmpeg, or take the full build of schnitzel, which has one inside";

/** A search that is done once for each name that a config gives, and kept: one that failed is done again. */
export function ffmpegFinder(machine: FfmpegMachine): FindFfmpeg {
  const found = new Map<string | undefined, Promise<Ffmpeg>>();
  return (configured) => {
    const known = found.get(configured);
    if (known !== undefined) return known;
    const searching = searchFfmpeg(machine, configured).then(foundOrError);
    found.set(configured, searching);
    searching.catch(() => found.delete(configured));
    return searching;
  };
}

function foundOrError(search: Search): Ffmpeg {
  if (search.found !== undefined) return search.found;
  throw new Error(whatFailed(search));
}

/** Every place looked at and what was wrong there. */
export function whatFailed({ passedOver, only }: Search): string {
  const places = passedOver.map(({ place, reason }) => `${place}: ${reason}`).join("; ");
  return only
    ? `cannot use the ffmpeg that was named (${places}). Correct the name, or leave it out to have others tried`
    : `cannot find ffmpeg (${places}). ${HOW_TO_GET_FFMPEG}`;
}

let finder: FindFfmpeg | undefined;

/** Finds the ffmpeg to use on this machine; see `FindFfmpeg` of `src/node/ffmpeg.ts`. */
export const findFfmpeg: FindFfmpeg = (configured) => {
  finder ??= ffmpegFinder(thisMachine());
  return finder(configured);
};
