import type { Layout } from "../../media/index.ts";

interface Boxed {
  bbox?: { x1: number; y1: number; x2: number; y2: number };
}

/** Lists of the payload whose boxes are places in the picture. */
const LISTS = ["detections", "truth"] as const;

/** The lists of boxes of a frame's payload, moved to where the same things are in the resized picture. */
export function scaleBoxes(payload: object, from: { width: number; height: number }, { inner }: Layout) {
  const [scaleX, scaleY] = [inner.width / from.width, inner.height / from.height];
  const moved = ({ bbox, ...rest }: Boxed) =>
    bbox === undefined
      ? rest
      : {
          ...rest,
          bbox: {
            x1: inner.x + bbox.x1 * scaleX,
            y1: inner.y + bbox.y1 * scaleY,
            x2: inner.x + bbox.x2 * scaleX,
            y2: inner.y + bbox.y2 * scaleY,
          },
        };
  const lists = LISTS.flatMap((name) => {
    const list = (payload as Record<string, unknown>)[name];
    return Array.isArray(list) ? [[name, list.map(moved)] as const] : [];
  });
  return Object.fromEntries(lists);
}
