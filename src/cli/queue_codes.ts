import type { ControlCode } from "../control/index.ts";
import type { CodeText } from "../graph/index.ts";
import type { StoreCode } from "../store/index.ts";

/** Codes of queues and of the control channel: the graph is sound, and something on its disk or in its process is not. */
export const QUEUE_CODES: Readonly<Record<StoreCode | ControlCode, CodeText>> = {
  QUEUE_BUSY: {
    title: "Another process has the queue",
    cause: "A queue file belongs to one process at a time; the message names the one that has it.",
    fix: "Stop that process, or address the queue by its graph's name: schnitzel queue then asks the process.",
  },
  QUEUE_SHARED: {
    title: "Two have one queue file",
    cause:
      "Two durable edges, or an edge and a queue node, name one file, perhaps by two paths; or two queue nodes want it with different settings. The rows of one would go to the other.",
    fix: "Leave durable.path out, then each edge has a file of its own; or name another file; give queue nodes that share one the same settings.",
  },
  QUEUE_NEWER: {
    title: "A later schnitzel wrote the queue",
    cause: "The layout of its file has a version that this program does not know.",
    fix: "Use the newer schnitzel, or the backup that it made beside the file when it brought it up to date.",
  },
  QUEUE_FOREIGN: {
    title: "The file is no queue",
    cause: "It is another database or another kind of file, or one of the predecessor where ours was expected.",
    fix: "Name another path; set layout: predecessor on a queue node for a file of the predecessor.",
  },
  QUEUE_NETWORK_DISK: {
    title: "The queue lies on a network disk",
    cause: "There locks do not hold between machines, and fsync ends in the memory of another one.",
    fix: "Name a folder on a disk of this machine with --state-dir.",
  },
  QUEUE_UNOPENABLE: {
    title: "The queue cannot be opened",
    cause: "The system does not let its file or folder be read or written, or it is not there.",
    fix: "Check the path, who owns the folder, and whether its disk is mounted writable.",
  },
  QUEUE_UNWRITABLE: {
    title: "The queue cannot be written",
    cause: "The disk is full, read-only or failing. Nothing of what was asked was written.",
    fix: "Make room or look at the disk; what asked tries again by itself.",
  },
  QUEUE_FULL: {
    title: "The queue takes nothing at the moment",
    cause: "It has reached max_bytes, or the disk its min_free. Sources wait meanwhile, and nothing is lost.",
    fix: "See why it does not drain: schnitzel queue ls. Raise max_bytes, or make room on the disk.",
  },
  QUEUE_ENTRY: {
    title: "The packet cannot be kept",
    cause: "JSON cannot hold its payload, its key is empty or too long, or it is larger than 16 MiB.",
    fix: "Make the payload portable, or keep large bytes in a file with payload_ref on the edge.",
  },
  QUEUE_DAMAGED: {
    title: "The queue file is damaged",
    cause: "Its bytes are not what was written: the disk failed, or something else wrote into the file.",
    fix: "schnitzel queue repair shows what can be saved, and saves it with --yes.",
  },
  QUEUE_UNKNOWN: {
    title: "There is no such queue, row or dead letter",
    cause: "The name is misspelled, or the row was delivered meanwhile.",
    fix: "schnitzel queue ls lists the queues, and schnitzel queue peek their rows.",
  },
  QUEUE_NODE_GONE: {
    title: "The graph has no such node to replay into",
    cause: "A node was renamed or removed after its packets had become dead letters.",
    fix: "Send them to another node with --to, choose others with --node, or purge them.",
    example: "schnitzel queue replay yard.yaml --dead --node old_alarms --to alarms --yes",
  },
  CONTROL_TAKEN: {
    title: "Another process answers in this state directory",
    cause: "The same graph runs already; the message names the process.",
    fix: "Stop that one, or give this run a --state-dir of its own.",
  },
  CONTROL_SOCKET: {
    title: "The control socket cannot be made",
    cause: "Something else lies in its place, or the file system of the state directory has no sockets.",
    fix: "Move what lies there away, or put the state directory on a disk of this machine.",
  },
  CONTROL_GONE: {
    title: "The running process broke off",
    cause: "It ended while it was asked.",
    fix: "See its log; asked again, the files themselves are opened.",
  },
  CONTROL_SILENT: {
    title: "The running process does not answer",
    cause: "It is stopped (SIGSTOP, a debugger), or a node holds its thread.",
    fix: "Look at the process that runs the graph; when it has ended the files are opened directly.",
  },
  CONTROL_CROWDED: {
    title: "Too many commands ask the running process at once",
    cause: "It answers 16 at a time.",
    fix: "Wait for one of them, or end it.",
  },
  CONTROL_REQUEST: {
    title: "The running process does not understand what it was asked",
    cause: "An argument is wrong, or the two are of different versions.",
    fix: "Read the message; use the schnitzel that runs the graph.",
  },
  CONTROL_FAILED: {
    title: "A command met a fault in schnitzel",
    cause: "Something happened that was not foreseen; the running process logged it and goes on.",
    fix: "Report it with the message and the log.",
  },
};
