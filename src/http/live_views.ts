/** One person's connection: takes a picture, or misses it. */
export interface Viewer {
  /** False when the last picture has not left yet; the new one is then not kept. */
  take(jpeg: Uint8Array): boolean;
  /** The node that made the pictures is gone. */
  end(): void;
}

/** Why 8: each costs a JPEG per frame; at 720p and 15 frames a second 8 take some 8 MB/s of a network. */
export const MAX_VIEWERS = 8;

/** The pictures of one node. See `LiveView` of `src/node/live.ts`. */
export class View {
  readonly name: string;
  /** The last one, for who comes between two and for `/live/<name>.jpg`. */
  latest: Uint8Array | undefined;
  missed = 0;
  #viewers = new Set<Viewer>();
  #waiting = new Set<(jpeg: Uint8Array | undefined) => void>();
  #onViewer: (() => void)[] = [];
  readonly #closed: (view: View) => void;

  constructor(name: string, closed: (view: View) => void) {
    this.name = name;
    this.#closed = closed;
  }

  get viewers(): number {
    return this.#viewers.size + this.#waiting.size;
  }

  onViewer(listener: () => void) {
    this.#onViewer.push(listener);
  }

  show(jpeg: Uint8Array) {
    this.latest = jpeg;
    for (const viewer of this.#viewers) if (!viewer.take(jpeg)) this.missed += 1;
    this.#answer(jpeg);
  }

  close() {
    for (const viewer of this.#viewers) viewer.end();
    this.#viewers.clear();
    this.#answer(undefined);
    this.#closed(this);
  }

  join(viewer: Viewer) {
    const alone = this.viewers === 0;
    this.#viewers.add(viewer);
    if (alone) for (const hear of this.#onViewer) hear();
  }

  leave(viewer: Viewer) {
    this.#viewers.delete(viewer);
  }

  /** The next picture; undefined when the node ended first or `signal` aborts. */
  next(signal: AbortSignal): Promise<Uint8Array | undefined> {
    const alone = this.viewers === 0;
    const { promise, resolve } = Promise.withResolvers<Uint8Array | undefined>();
    this.#waiting.add(resolve);
    signal.addEventListener("abort", () => resolve(undefined), { once: true });
    if (alone) for (const hear of this.#onViewer) hear();
    return promise.finally(() => this.#waiting.delete(resolve));
  }

  #answer(jpeg: Uint8Array | undefined) {
    for (const resolve of this.#waiting) resolve(jpeg);
    this.#waiting.clear();
  }
}

/** The views of a run, by name. */
export class LiveViews {
  readonly #views = new Map<string, View>();

  /** Throws when two nodes want the same name. */
  open(name: string): View {
    if (this.#views.has(name)) throw new Error(`cannot open the live view "${name}": another node has that name`);
    const view = new View(name, () => void this.#views.delete(name));
    this.#views.set(name, view);
    return view;
  }

  get names(): string[] {
    return [...this.#views.keys()];
  }

  named(name: string): View | undefined {
    return this.#views.get(name);
  }

  /** People who look at any of them. */
  get viewers(): number {
    return this.#views.values().reduce((sum, view) => sum + view.viewers, 0);
  }
}
