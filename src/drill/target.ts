/** A graph that can be drilled: it takes packets at an HTTP source, and they leave by an HTTP sink. */
export interface Target {
  /** For reports. */
  readonly name: string;
  /** Path of the graph file. */
  readonly file: string;
  readonly source: { readonly id: string; readonly path: string };
  readonly sink: { readonly id: string };
  /** False for a graph that may change payloads: then only keys can be compared. */
  readonly comparesPayloads: boolean;
  /** Of posts, beside the key: such as the token that the source asks for. */
  readonly headers: Readonly<Record<string, string>>;
  /** Further arguments of `run`, such as --set of the person who drills. */
  readonly arguments: readonly string[];
}

export const postUrl = ({ source }: Target, port: number) => `http://127.0.0.1:${port}${source.path}`;

/** Command line after the program's name: the graph between our posters and our backend, state where it will suffer. */
export function runArguments(target: Target, port: number, backendUrl: string, stateDir: string): string[] {
  const set = (id: string, key: string, value: string) => ["--set", `nodes.${id}.config.${key}=${value}`];
  return [
    ...["run", target.file, ...target.arguments],
    ...set(target.source.id, "listen", `127.0.0.1:${port}`),
    ...set(target.sink.id, "url", backendUrl),
    ...["--state-dir", stateDir, "--log-level", "warn", "--log-format", "json"],
  ];
}
