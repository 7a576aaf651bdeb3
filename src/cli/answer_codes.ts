import type { CodeText } from "../graph/index.ts";
import type { NotReadyCode } from "../observe/index.ts";

/** Reasons of /readyz: what the run waits for, by the page that a probe or a person reads. */
const READINESS: Readonly<Record<NotReadyCode, CodeText>> = {
  STARTING: {
    title: "/readyz: the run is still opening its nodes",
    cause: "A node opens its model, its file or its port; nothing is taken yet.",
    fix: "Wait. If it stays so, the log names the node that opens.",
  },
  DRAINING: {
    title: "/readyz: the run is stopping",
    cause: "The sources are stopped, and what is in flight is being finished, for --drain-seconds at most.",
    fix: "Wait for its end; senders go on with the same keys when it is started again.",
  },
  STOPPED: {
    title: "/readyz: the run is over",
    cause: "It has come to its end, or was stopped; the process is about to leave.",
    fix: "Start it again if it should go on; its report says why it stopped.",
  },
  FAILED: {
    title: "The run failed (/readyz), or a node failed with a packet (http_source, 500)",
    cause: "/readyz: an error ended the run. http_source: the packet is a dead letter, as a node could not process it.",
    fix: "Read the report and the log, which name the node; schnitzel queue ls shows the dead letters.",
  },
  STALLED: {
    title: "/readyz: packets wait and nothing moves",
    cause: "For 30 s nothing moved although packets wait, or none of a node's calls came back; the message names it.",
    fix: "Look at that node and at what it asks outside; give its delivery a timeout.",
  },
  QUEUE_STUCK: {
    title: "/readyz: a durable edge takes nothing",
    cause: "It reached max_bytes, the disk its min_free, or its writes fail. What it has is safe.",
    fix: "schnitzel queue ls shows what waits; make room, raise max_bytes, or look at the disk.",
  },
  OUTSIDE_AWAY: {
    title: "/readyz: the outside takes no packets",
    cause: "Every sink with a delivery policy holds its packets, as its receiver does not answer or is busy.",
    fix: "Bring the receiver back; the sinks probe it and go on by themselves.",
  },
  CHECKPOINT_OLD: {
    title: "/readyz: the state of the nodes was not kept for long",
    cause: "A node never finishes what it has under way, its state is too large, or the disk takes no checkpoint.",
    fix: "The message names it. Meanwhile a crash repeats what came since, and rows of durable edges stay in their files.",
  },
};

const again = "Send again with the same Idempotency-Key, after the seconds that Retry-After says.";

/** What http_source answers a sender, by status. */
const HTTP_SOURCE: Readonly<Record<string, CodeText>> = {
  BAD_JSON: {
    title: "http_source, 400: the body is not JSON",
    cause: "It is empty, broken at the line and column that the message names, or nested too deep.",
    fix: "Send a JSON value; the same body is refused again.",
  },
  BAD_TEXT: {
    title: "http_source, 400: the body is not UTF-8",
    cause: "Its bytes are in another encoding, or no text at all.",
    fix: "Send UTF-8.",
  },
  BAD_GZIP: {
    title: "http_source, 400: the body cannot be unpacked",
    cause: "Content-Encoding says gzip, and the bytes are not, or break off.",
    fix: "Pack the whole body with gzip, or leave Content-Encoding out.",
  },
  BODY_CUT: {
    title: "http_source, 400: the body did not arrive whole",
    cause: "The connection ended before all of Content-Length, or its last chunk, was there.",
    fix: "Send again with the same Idempotency-Key.",
  },
  BAD_BATCH: {
    title: "http_source, 400: the batch cannot be read",
    cause: "It is no JSON array, or has no item.",
    fix: "Send an array with at least one item.",
  },
  BAD_CLOUD_EVENT: {
    title: "http_source, 400: the CloudEvent cannot be read",
    cause: "An attribute that CloudEvents 1.0 asks for is missing or has a wrong form; the message names it.",
    fix: "Send specversion 1.0 with id, source and type.",
  },
  BAD_PACKET: {
    title: "http_source, 400: the body is not a packet",
    cause: "With body: packet the body must be a whole packet of schnitzel; the message says what is wrong.",
    fix: "Send a packet as http_sink does with body: packet, or set body: payload.",
  },
  BAD_SOURCE_ID: {
    title: "http_source, 400: the payload names no source",
    cause: "source_id of the node's config reads it from the payload, where it is missing or no text.",
    fix: "Send it there, or change source_id in the graph.",
  },
  KEY_REFUSED: {
    title: "http_source, 400: the idempotency key cannot be used",
    cause: "It is empty, over 1,024 bytes, or no text.",
    fix: "Send a short text that is the same for the same fact, such as its id.",
  },
  UNAUTHORIZED: {
    title: "http_source, 401: no token, or a wrong one",
    cause: "The node has a token, and the request does not show it.",
    fix: 'Send "Authorization: Bearer <token>" with the token of the node\'s config.',
  },
  CROSS_SITE: {
    title: "http_source, 403: a page in a browser sends",
    cause: "Without a token any web page could post to a port of this machine, so none may.",
    fix: "Set a token and send it, or send from a program.",
  },
  NO_SUCH_PATH: {
    title: "http_source, 404: nothing is at this path",
    cause: "The node takes packets at one path, which the message names.",
    fix: "Send there, or change path in its config.",
  },
  METHOD: {
    title: "http_source, 405: the method is not taken",
    cause: "It is none of the node's methods (POST unless it says others).",
    fix: "Use one that Allow names, or add it to methods.",
  },
  BODY_TOO_BIG: {
    title: "http_source, 413: the body is too big",
    cause: "It is over max_body_bytes, packed or unpacked.",
    fix: "Send less at once, or raise max_body_bytes.",
  },
  BATCH_TOO_BIG: {
    title: "http_source, 413: the batch has too many items",
    cause: "A batch is taken all together, and has more items than max_in_flight lets wait at once.",
    fix: "Send smaller batches, or raise max_in_flight.",
  },
  CONTENT_TYPE: {
    title: "http_source, 415: the content type is not taken",
    cause: "It is missing, or none of those that accept allows.",
    fix: "Send one that Accept of the answer names, such as application/json.",
  },
  CONTENT_ENCODING: {
    title: "http_source, 415: the content encoding is not taken",
    cause: "Bodies are taken as they are or with gzip.",
    fix: "Pack with gzip, or not at all.",
  },
  HOST: {
    title: "http_source, 421: the server does not answer to that name",
    cause: "Without a token only names of this machine are answered on loopback, so that no web page gets in by DNS.",
    fix: "Send to 127.0.0.1, or set a token.",
  },
  REJECTED: {
    title: "http_source, 422: a node refuses the packet",
    cause: "It can never be taken as it is; it is a dead letter.",
    fix: "Read the log of the graph, mend the packet or the node; the same packet is refused again.",
  },
  FULL: {
    title: "http_source, 503: the graph has as much as it can take",
    cause: "max_in_flight packets or max_in_flight_bytes wait already: what comes next is slower than the senders.",
    fix: again,
  },
  STOPPING: {
    title: "http_source, 503: the server is stopping",
    cause: "The run drains; the packet was not taken, or not known to be safe.",
    fix: again,
  },
  TOOK_LONG: {
    title: "http_source, 503: not safe in time",
    cause: "Nothing behind the node had settled the packet after ack_timeout_ms; it goes on and may still arrive.",
    fix: `${again} A durable edge behind the node answers as soon as the disk has the packet.`,
  },
  UNAVAILABLE: {
    title: "http_source, 503: what comes next is away",
    cause: "A node behind it cannot deliver now, or a queue takes nothing.",
    fix: again,
  },
};

/** Codes of answers over HTTP: what a sender of http_source and a reader of /readyz are told. */
export const ANSWER_CODES: Readonly<Record<string, CodeText>> = { ...READINESS, ...HTTP_SOURCE };
