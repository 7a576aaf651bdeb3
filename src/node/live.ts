/** Pictures for people who look at the running graph. */
export interface LiveView {
  /** People looking now; with none, making a picture is wasted work. */
  readonly viewers: number;
  /** Calls `listener` when somebody comes while nobody looked. */
  onViewer(listener: () => void): void;
  /** Shows a JPEG. A viewer that has not taken the last one yet misses it: counted, and nobody waits. */
  show(jpeg: Uint8Array): void;
  readonly missed: number;
  close(): void;
}

/** Opens the view called `name` under the run's HTTP endpoint: `/live/<name>` (MJPEG), `/live/<name>.jpg` (one picture). */
export type OpenLiveView = (name: string) => LiveView;
