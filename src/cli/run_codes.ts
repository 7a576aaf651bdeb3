import type { CodeText } from "../graph/index.ts";
import type { HttpErrorCode } from "../http/index.ts";

/** Codes that only a run prints: the graph is sound, and something around it or in a node's code is not. */
export const RUN_CODES: Readonly<Record<HttpErrorCode | "NODE_STALLED", CodeText>> = {
  HTTP_LISTEN: {
    title: "The address to listen on cannot be read",
    cause: "--http takes a host and a port, so that nothing is opened by accident.",
    fix: "Write 127.0.0.1:7077, or [::1]:7077 for IPv6; port 0 takes a free one.",
    example: "schnitzel run graphs/weather_alarm.yaml --http 7077",
  },
  HTTP_EXPOSED: {
    title: "Other machines would reach the HTTP server",
    cause: "The address is not one of this machine alone, and no token guards the server.",
    fix: "Listen on 127.0.0.1, give --http-token FILE, or open it to everybody with --http-insecure.",
    example: "schnitzel run graphs/weather_alarm.yaml --http 0.0.0.0:7077",
  },
  HTTP_IN_USE: {
    title: "The port to listen on is taken",
    cause: "Another program listens there, perhaps another run.",
    fix: "Stop it, choose another port, or use port 0 to take a free one.",
  },
  HTTP_ADDRESS: {
    title: "The address to listen on cannot be used",
    cause: "This machine does not have it, or this user may not open that port.",
    fix: "Use 127.0.0.1 or an address of this machine, and a port of 1024 or above.",
  },
  HTTP_TOKEN: {
    title: "The token for the HTTP server cannot be used",
    cause: "Its file cannot be read, others can read it, or the token is shorter than 16 printable characters.",
    fix: "Make one with openssl rand -hex 32, and let only its owner read the file (chmod 600).",
  },
  NODE_STALLED: {
    title: "A call of a node does not come back",
    cause:
      "One thread runs the nodes, so a process() that loops or waits without giving way holds the whole run. After 10 s the node is named, after --stall-seconds (60) the process ends with code 1.",
    fix: "Mend the node, or raise --stall-seconds where a call may take that long; 0 only warns.",
  },
};
