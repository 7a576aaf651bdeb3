import { temporaryFolder } from "./folder.ts";

export interface Page {
  /** Value of an expression in the page; a promise is waited for. */
  value<Value>(expression: string): Promise<Value>;
}

export interface Browser {
  /** Opens an address; whoever asks for a login gets this user and password. Gives its page and HTTP status. */
  open(url: string, login?: { username: string; password: string }): Promise<Page & { status: number }>;
  [Symbol.asyncDispose](): Promise<void>;
}

interface Message {
  id?: number;
  method?: string;
  sessionId?: string;
  params?: Record<string, unknown>;
  result?: Record<string, unknown>;
  error?: { message: string };
}

// --no-sandbox: tests may run as root in a container, and every page is the project's own.
const FLAGS = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"];

/** Debian's Chromium without a window, driven by its own protocol. */
export async function chromium(): Promise<Browser> {
  const folder = temporaryFolder();
  const child = Bun.spawn(
    ["chromium", ...FLAGS, `--user-data-dir=${folder.path}`, "--remote-debugging-port=0", "about:blank"],
    { stdin: "ignore", stdout: "ignore", stderr: "pipe", env: { ...process.env, HOME: folder.path } },
  );
  const wire = await connect(await address(child.stderr));
  return {
    async open(url, login) {
      const { targetId } = await wire.call<{ targetId: string }>("Target.createTarget", { url: "about:blank" });
      const attached = await wire.call<{ sessionId: string }>("Target.attachToTarget", { targetId, flatten: true });
      return openPage(wire, attached.sessionId, url, login);
    },
    async [Symbol.asyncDispose]() {
      wire.close();
      child.kill();
      await child.exited;
      folder[Symbol.dispose]();
    },
  };
}

/** What the browser says first; then its stderr is read on, so that it never waits. */
async function address(stderr: ReadableStream<Uint8Array>): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  void (async () => {
    let said = "";
    for await (const chunk of stderr) {
      if (said.length < 10_000) said += new TextDecoder().decode(chunk);
      const found = /DevTools listening on (ws:\S+)/.exec(said)?.[1];
      if (found !== undefined) resolve(found);
    }
    reject(new Error(`chromium ended: ${said}`));
  })();
  return promise;
}

type Wire = Awaited<ReturnType<typeof connect>>;

async function connect(url: string) {
  const socket = new WebSocket(url);
  const waiting = new Map<number, (message: Message) => void>();
  const listeners = new Set<(message: Message) => void>();
  let last = 0;
  socket.onmessage = ({ data }) => {
    const message = JSON.parse(data as string) as Message;
    if (message.id === undefined) for (const hear of listeners) hear(message);
    else waiting.get(message.id)?.(message);
  };
  await new Promise<void>((resolve, reject) => {
    socket.onopen = () => resolve();
    socket.onerror = () => reject(new Error(`cannot reach chromium at ${url}`));
  });
  return {
    async call<Result>(method: string, params: object = {}, sessionId?: string): Promise<Result> {
      const id = ++last;
      const answered = new Promise<Message>((resolve) => waiting.set(id, resolve));
      socket.send(JSON.stringify({ id, method, params, sessionId }));
      const { result, error } = await answered;
      waiting.delete(id);
      if (error !== undefined) throw new Error(`${method}: ${error.message}`);
      return result as Result;
    },
    hear: (listener: (message: Message) => void) => void listeners.add(listener),
    close: () => socket.close(),
  };
}

async function openPage(wire: Wire, session: string, url: string, login?: { username: string; password: string }) {
  const call = <Result>(method: string, params: object = {}) => wire.call<Result>(method, params, session);
  const { promise: status, resolve } = Promise.withResolvers<number>();
  wire.hear(({ sessionId, method, params = {} }) => {
    if (sessionId !== session) return;
    const { requestId } = params;
    if (method === "Fetch.requestPaused") void call("Fetch.continueRequest", { requestId });
    if (method === "Fetch.authRequired") {
      const answer = login === undefined ? { response: "CancelAuth" } : { response: "ProvideCredentials", ...login };
      void call("Fetch.continueWithAuth", { requestId, authChallengeResponse: answer });
    }
    if (method === "Network.responseReceived" && params.type === "Document") {
      resolve((params.response as { status: number }).status);
    }
  });
  await call("Network.enable");
  await call("Fetch.enable", { handleAuthRequests: true });
  await call("Page.navigate", { url });
  return {
    status: await status,
    async value<Value>(expression: string) {
      const options = { expression, awaitPromise: true, returnByValue: true };
      type Answer = {
        result: { value: Value };
        exceptionDetails?: { text: string; exception?: { description?: string } };
      };
      const { result, exceptionDetails: thrown } = await call<Answer>("Runtime.evaluate", options);
      if (thrown !== undefined) throw new Error(thrown.exception?.description ?? thrown.text);
      return result.value;
    },
  };
}
