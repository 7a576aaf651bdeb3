/** What `schnitzel explain CODE` and `docs/errors.md` say about a code. */
export interface CodeText {
  title: string;
  cause: string;
  fix: string;
  /** A few lines of a graph (or of a command) that give the code. */
  example?: string;
}

/** Every code a diagnostic can have. A code never changes its meaning and is never used again for another. */
export const CODES = {
  FILE_NOT_FOUND: {
    title: "There is no such graph file",
    cause: "The path leads to nothing, seen from the current directory.",
    fix: "Check the spelling and the directory you are in.",
    example: "schnitzel validate graphs/yrad.yaml",
  },
  FILE_UNREADABLE: {
    title: "The graph file cannot be read",
    cause: "It is a folder, a device or a pipe, or the system denies access.",
    fix: "Name a regular file that your user may read.",
    example: "schnitzel run graphs",
  },
  FILE_EMPTY: {
    title: "The graph file holds nothing",
    cause: "It is empty, or it has only comments.",
    fix: "Write a graph, or start from one: schnitzel new graph my.yaml",
  },
  FILE_TOO_LARGE: {
    title: "The graph file is larger than allowed",
    cause: "It has more than 1 MiB, or more than --max-graph-bytes says.",
    fix: "Split the graph, keep data out of it, or raise --max-graph-bytes.",
  },
  FILE_NOT_TEXT: {
    title: "The graph file is not UTF-8 text",
    cause: "It holds bytes that are not UTF-8, or zero bytes: a binary file, or one saved as UTF-16.",
    fix: "Name the right file, or save it as UTF-8.",
  },
  YAML_SYNTAX: {
    title: "The file is not valid YAML",
    cause: "A quote, bracket, colon or indentation is wrong at or just before the place.",
    fix: "Correct the line; a value with a colon and a blank in it needs quotes.",
    example: "nodes: [ { id: cam ]",
  },
  YAML_TAB: {
    title: "A line is indented with a tab",
    cause: "YAML allows only spaces in front of a line.",
    fix: "Replace the tab by spaces.",
    example: "nodes:\n\t- id: cam",
  },
  TOO_DEEP: {
    title: "Values nest too deep",
    cause: "Lists and maps nest more than 32 levels deep. A graph needs about six.",
    fix: "Flatten the value, or put it into a file of its own that a node reads.",
    example: "a: [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]",
  },
  TOO_MANY_ALIASES: {
    title: "The file uses too many YAML aliases",
    cause: "More than 20 aliases (*name). Aliases of aliases can grow a small file beyond all memory.",
    fix: "Put repeated values under vars: and use ${vars.name}.",
  },
  EXPANSION_TOO_LARGE: {
    title: "Aliases or variables make the graph too large",
    cause: "Filled in, they give more than 100,000 values or 16 Mi characters.",
    fix: "Repeat less; put large data into a file that a node reads.",
  },
  DUPLICATE_KEY: {
    title: "A key stands twice in one map",
    cause: "Only one of the two values could be used, and which one is anybody's guess.",
    fix: "Keep one of them.",
    example: "config:\n  limit: 1\n  limit: 2",
  },
  MULTIPLE_DOCUMENTS: {
    title: "The file holds more than one YAML document",
    cause: "A line of --- starts a new document, and a graph file holds one.",
    fix: "Put each graph into a file of its own.",
    example: "version: 2\n---\nversion: 2",
  },
  MERGE_KEY: {
    title: "YAML merge keys are not supported",
    cause: "The key << merges another map into this one; where a value came from would be hard to see.",
    fix: "Write the keys out, or use an alias for the whole value.",
    example: "config: { <<: *defaults, limit: 1 }",
  },
  UNSUPPORTED_TAG: {
    title: "A YAML tag is not supported",
    cause: "Only the core tags (such as !!str) are read; others could create anything.",
    fix: "Remove the tag.",
    example: "config: !python/object {}",
  },
  BAD_KEY: {
    title: "A key cannot be used",
    cause: "A key is a list, a map or an alias, or it is __proto__.",
    fix: "Use a word as key.",
    example: "{ [a, b]: 1 }",
  },
  V1_GRAPH: {
    title: "The file is a version 1 job",
    cause:
      "Version 1 named a job; version 2 describes nodes and edges, and only version 2 runs. Where a whole file is given, it is migrated in memory; a file that nodes bring in is not.",
    fix: "Write it as a version 2 graph: schnitzel migrate FILE --write",
    example: "version: 1\njob: legacy.module:Job",
  },
  MIGRATE_VALUE: {
    title: "A setting of an old file cannot be migrated",
    cause:
      "A version 1 job, one of its configs, variables or flags, or a process graph says something that it could not run with, or that nothing here can stand for.",
    fix: "The place is the file, variable or flag that says it: change that, and migrate again.",
    example: "cameras:\n  - { id: cam01 }\n  - { id: cam01 }",
  },
  MIGRATE_FILE: {
    title: "A file that an old file needs is missing",
    cause: "A job needs configs/ in its project and the videos it names; a process graph needs the graphs it names.",
    fix: "Run schnitzel migrate where the whole project is, or correct the path.",
    example: "schnitzel migrate legacy_pipeline.yaml -- --video missing.mp4",
  },
  VERSION_MISSING: {
    title: "The graph does not say its version",
    cause: "The key version is missing. Only graphs with addresses of the predecessor may leave it out.",
    fix: "Put version: 2 on the first line.",
    example: "nodes: []\nedges: []",
  },
  BAD_VERSION: {
    title: "The graph's version is not known",
    cause: "The key version is something else than 2.",
    fix: "Write version: 2 (a number, without quotes), or use a newer schnitzel.",
    example: "version: 3",
  },
  BAD_SHAPE: {
    title: "A part of the graph has the wrong shape",
    cause: "A list, map, text or number stands where another is needed, or a value is out of its range.",
    fix: "Compare with docs/graph.md; schnitzel schema helps an editor to point it out.",
    example: "nodes: { cam: generate_source }",
  },
  MISSING_KEY: {
    title: "A required key is missing",
    cause: "A node, an edge or a node's config lacks a key that has no default.",
    fix: "Add it; schnitzel nodes NAME lists the keys of a node.",
    example: "nodes:\n  - id: cam",
  },
  UNKNOWN_KEY: {
    title: "A key is not known here",
    cause: "Most often a spelling mistake. In graphs with addresses of the predecessor it is a warning.",
    fix: "Correct or remove it; the message lists the known keys.",
    example: "config: { limt: 5 }",
  },
  NOT_BUILT_IN_YET: {
    title: "A part of the graph language is not built into this version",
    cause: "The key is part of the language, and what it asks for is not in this version.",
    fix: "Remove it, or use a version that has it.",
    example: "nodes:\n  - { id: a, plugin: detector, runtime: { offload: worker } }",
  },
  USE_CYCLE: {
    title: "A file that a node brings in leads back to itself",
    cause: "The file has a node with use whose file, or one further on, is the file itself.",
    fix: "Let one of the files of the chain do without the next.",
    example: "# camera.yaml\nnodes:\n  - { id: again, use: camera.yaml }",
  },
  USE_TOO_LARGE: {
    title: "The files that nodes bring in are too many",
    cause:
      "They nest more than 8 deep, have more than 16 MiB together, or make more than 200,000 values together: a file of ten uses in a file of ten uses grows fast.",
    fix: "Put levels together, use fewer, or keep data out of graph files.",
  },
  PARAMETER_VALUE: {
    title: "A parameter has a value of the wrong type",
    cause: "The file that a node brings in declares another type for it under parameters.",
    fix: "Give a value of that type. Quotes make a text.",
    example: "nodes:\n  - { id: yard, use: camera.yaml, with: { fps: fast } }",
  },
  BAD_EXPOSED_PORT: {
    title: "A port of a file leads to no port of its nodes, or to one that has a name already",
    cause: "Under ports, a name stands for a node's port that is not there, is not named, or has another name too.",
    fix: "Name an output (out) or an input (in) that the node has: schnitzel nodes NAME shows them.",
    example: "ports: { out: { people: person.detectoins } }",
  },
  UNKNOWN_PROFILE: {
    title: "There is no profile of that name",
    cause:
      "profile, --profile, SCHNITZEL_PROFILE or extends names a profile that is neither built in nor the graph's own.",
    fix: "Correct the name, or add the profile under profiles. --profile none runs without one.",
    example: "schnitzel run yard.yaml --profile edge_lowpower",
  },
  PROFILE_MATCHES_NOTHING: {
    title: "A profile says something of nodes that the graph does not have",
    cause: "No id and no plugin of the graph fits match. The values have no effect.",
    fix: "Correct the ids: * and ? stand for any letters but /, ** for any.",
    example: "profiles: { night: { nodes: [{ match: { node: camm* }, config: { fps: 2 } }] } }",
  },
  SHADOWED_ALIAS: {
    title: "Two names of the same key stand side by side",
    cause:
      "Both the short and the old name are written; the first of each pair wins: id over node_id, src over from, dst over to, src_port over from_port, dst_port over to_port, runtime over config.__runtime__.",
    fix: "Remove the one that is not used.",
    example: "edges:\n  - { src: a, from: b, to: c }",
  },
  SLOPPY_SHAPE: {
    title: "An old graph has a part that is ignored",
    cause:
      "The predecessor passed over values of the wrong shape; its graphs still run, and this says what is not used.",
    fix: "Correct or remove the value.",
    example: "edges: none",
  },
  NUMBER_PRECISION: {
    title: "A number has too many digits",
    cause: "Whole numbers beyond 9,007,199,254,740,991 lose their last digits.",
    fix: "Put it in quotes if it is an id.",
    example: "config: { id: 12345678901234567890 }",
  },
  UNDEFINED_VARIABLE: {
    title: "A variable has no value",
    cause: "The environment variable is not set and has no default, or vars: has no such name.",
    fix: "Set it, put it into --env-file, add it under vars:, or write a default: ${NAME:-value}.",
    example: 'config: { url: "${CAMERA_URL}" }',
  },
  BAD_INTERPOLATION: {
    title: "A ${…} cannot be read",
    cause: "It is not closed, has an unknown form, or puts a list or map into the middle of a text.",
    fix: "Use ${VAR}, ${VAR:-default}, ${vars.name}, ${file:path} or ${oc.env:VAR,default}; write \\${ for a literal ${.",
    example: 'config: { url: "${CAMERA-URL}" }',
  },
  VARIABLE_CYCLE: {
    title: "A variable leads back to itself",
    cause: "To fill it in, its own value would be needed.",
    fix: "Give one of them a value of its own.",
    example: 'vars: { a: "${vars.b}", b: "${vars.a}" }',
  },
  VARIABLE_FILE: {
    title: "The file behind ${file:…} cannot be used",
    cause:
      "It does not exist, is no regular UTF-8 file, or has more than 64 KiB. Relative paths start at the graph's folder.",
    fix: "Check the path and who may read it.",
    example: 'config: { token: "${file:/run/secrets/token}" }',
  },
  SET_SYNTAX: {
    title: "A --set is not path=value",
    cause: "The equals sign is missing, or the path has blanks or empty parts.",
    fix: "Write for example --set vars.video=a.mp4 or --set 'nodes.cam.config.fps=5'.",
    example: "schnitzel run yard.yaml --set vars.video",
  },
  SET_UNKNOWN_PATH: {
    title: "A --set names something the graph does not have",
    cause: "The variable or node does not exist. Keys inside a node may be new, everything else must be there.",
    fix: "Check the spelling; nodes are named by their id: nodes.cam.config.url",
    example: "schnitzel run yard.yaml --set vars.vdieo=a.mp4",
  },
  ENV_FILE_SYNTAX: {
    title: "A line of the environment file cannot be read",
    cause: "It is not NAME=value, or a quote is not closed.",
    fix: "One NAME=value per line; quote values with blanks or #.",
    example: "CAMERA URL=rtsp://127.0.0.1",
  },
  COERCED: {
    title: "A text was read as the type the node wants",
    cause:
      "In graphs of the predecessor every filled-in variable is text; where the node wants a number or a truth value the text is read as one.",
    fix: "Nothing has to be done; in a graph with our addresses the value would have its type.",
    example: 'config: { loop: "${oc.env:LOOP,false}" }',
  },
  UNKNOWN_PLUGIN: {
    title: "There is no such node",
    cause: "The plugin key names neither a built-in node nor a plugin that was found.",
    fix: "schnitzel nodes lists what there is; a plugin's file belongs into plugins/.",
    example: "plugin: rate_limiter",
  },
  PLUGIN_NOT_ALLOWED: {
    title: "The plugin is not allowed",
    cause: "It is not in plugins.lock.yaml, its file changed since, or it may not be loaded from where it is.",
    fix: "Review the file, then: schnitzel plugin lock",
  },
  PLUGIN_LOAD_FAILED: {
    title: "The plugin could not be loaded",
    cause: "Its code threw, hung or has no such export.",
    fix: "schnitzel plugin check FILE shows the reason.",
  },
  PLUGIN_API_MISMATCH: {
    title: "The plugin needs another plugin API",
    cause: "It was written for a version of the API that this binary does not have.",
    fix: "Use a matching version of the plugin or of schnitzel.",
  },
  NODE_NOT_BUILT_IN_YET: {
    title: "The node is known but not built into this version",
    cause: "The address belongs to a node of the predecessor, or to one that comes in a later version.",
    fix: "Use what the hint names, or a version that has it.",
  },
  CONFIG_VALUE: {
    title: "A value in a node's config is not allowed",
    cause: "It has the wrong type or is out of its range.",
    fix: "The message says what is allowed; schnitzel nodes NAME describes every key.",
    example: "config: { limit: 0 }",
  },
  CONFIG_CHECK: {
    title: "A node's own check refuses its config",
    cause: "An expression does not parse, names an unknown field, or values do not fit together.",
    fix: "The message and the caret say what and where.",
    example: "config: { when: payload.temp > }",
  },
  RESOURCE_MISSING: {
    title: "A file that a node reads is not there",
    cause:
      "With --strict, and by run and doctor, the files that the configs name are looked up; this one is missing or a folder. A run starts all the same, as a source that is started again may find it later.",
    fix: "Check the path; relative ones start at the graph file's folder.",
    example: "config: { path: readings.csv }",
  },
  KIND_MISMATCH: {
    title: "The written kind does not agree with the node",
    cause: "kind: is a check, not a setting: node agrees with everything but a source, other kinds must be the node's.",
    fix: "Correct it or leave it out.",
    example: "{ id: cam, plugin: generate_source, kind: sink }",
  },
  INTERCEPTOR_MISFIT: {
    title: "A node cannot be an interceptor",
    cause: "It is a source, has no output, or has several inputs; an interceptor takes packets and hands them on.",
    fix: "Name a node such as filter, redact or rate_limit, and lead edges to any other.",
    example: "egress:\n  - { plugin: print_sink }",
  },
  INTERCEPTOR_UNUSED: {
    title: "An interceptor stands nowhere",
    cause: "Its match meets no source (ingress) or sink (egress) that an edge leads from or to.",
    fix: "Correct the match: * in an id stands for any letters, and kind for what may pass there; or remove it.",
    example: "ingress:\n  - { match: { node: camera_* }, plugin: identity }",
  },
  RUNTIME_UNUSED: {
    title: "A runtime setting has no effect",
    cause: "A source has no inbox, and only a source is restarted.",
    fix: "Remove it, or set it at the node it is meant for.",
    example: "{ id: cam, plugin: generate_source, runtime: { inbox: { capacity: 2 } } }",
  },
  EMPTY_GRAPH: {
    title: "The graph has no nodes",
    cause: "nodes: is missing or empty.",
    fix: "Add nodes; schnitzel new graph my.yaml writes a graph to start from.",
    example: "version: 2\nnodes: []",
  },
  DUPLICATE_ID: {
    title: "Two nodes have the same id",
    cause: "An id names one node in edges, metrics and reports.",
    fix: "Rename one of them, and the edges that mean it.",
    example: "nodes:\n  - { id: a, plugin: identity }\n  - { id: a, plugin: identity }",
  },
  BAD_ID: {
    title: "A node's id has characters it must not have",
    cause:
      "Ids are letters, digits, _ and -, start with a letter or _, and have at most 128 characters. A dot separates a node from its port.",
    fix: "Rename the node, and the edges that mean it.",
    example: "{ id: cam.front, plugin: generate_source }",
  },
  UNKNOWN_NODE: {
    title: "An edge names a node that does not exist",
    cause: "Its from or to is no id of a node.",
    fix: "Correct the spelling or add the node.",
    example: "edges:\n  - { from: cma, to: show }",
  },
  EDGE_INTO_SOURCE: {
    title: "An edge leads into a source",
    cause: "Sources make packets and take none.",
    fix: "Turn the edge round.",
    example: "edges:\n  - { from: show, to: cam }",
  },
  EDGE_OUT_OF_SINK: {
    title: "An edge leads out of a node that sends nothing",
    cause: "The node has no output. Sinks with a forward setting have one when it is true.",
    fix: "Set forward: true if the node has it, or remove the edge.",
    example: "edges:\n  - { from: trash, to: show }",
  },
  SELF_LOOP: {
    title: "A node is connected to itself",
    cause: "Its packets would come back to it and meet nothing on their way, also where it is a delay.",
    fix: "Remove the edge, or lead it through another node; a cycle of several nodes must pass a delay or an initial.",
    example: "edges:\n  - { from: a, to: a }",
  },
  CYCLE_WITHOUT_DELAY: {
    title: "Edges form a cycle without a delay",
    cause:
      "A packet would be its own cause. Every way round must pass a node of kind delay or initial, which keeps what comes back apart from what caused it; one that passes none is refused, also inside a cycle that does.",
    fix: "Put a delay or an initial on the way shown, or remove an edge of it.",
    example: "edges:\n  - { from: a, to: b }\n  - { from: b, to: a }",
  },
  DURABLE_IN_CYCLE: {
    title: "A durable edge lies on a cycle",
    cause: "How often a packet went round is not kept on disk, so nothing would ever end its way, not even a restart.",
    fix: "Make an edge durable that leads into the cycle or out of it.",
    example: "edges:\n  - { from: work, to: wait, durable: true }\n  - { from: wait, to: work }",
  },
  NO_SOURCE: {
    title: "The graph has no source",
    cause: "No node makes packets, so nothing would ever happen.",
    fix: "Add a source, such as generate_source or file_source.",
  },
  INPUT_NOT_CONNECTED: {
    title: "No edge leads to an input of a node",
    cause: "The node would wait for ever. In graphs of the predecessor this is a warning.",
    fix: "Add an edge to it, or remove the node.",
  },
  UNREACHABLE_NODE: {
    title: "No source leads to a node",
    cause: "Edges lead to it, but none of them starts at a source in the end.",
    fix: "Connect it to a source, or remove it.",
  },
  DUPLICATE_EDGE: {
    title: "An edge stands twice",
    cause: "Each packet is delivered once per edge, so it arrives twice.",
    fix: "Remove one of them, unless that is meant.",
    example: "edges:\n  - { from: a, to: b }\n  - { from: a, to: b }",
  },
  THING_SHARED: {
    title: "Two nodes use what only one can have",
    cause: "Two nodes write the same file, or both read standard input: each would take the other's lines.",
    fix: "Let one node have it and lead the edges of both there, or give one another file.",
    example:
      "nodes:\n  - { id: a, plugin: stdin_source, config: { format: lines } }\n  - { id: b, plugin: stdin_source, config: { format: lines } }",
  },
  UNKNOWN_CELL: {
    title: "A node uses a cell that the blackboard does not have",
    cause: "Cells are declared under blackboard at the top of the graph, with their types.",
    fix: "Correct the name, or declare the cell.",
    example: "blackboard:\n  mode: { type: string, initial: day }",
  },
  CELL_NEVER_WRITTEN: {
    title: "A cell is read and never written",
    cause: "No node writes it, so it is always empty, or always its initial value (a warning).",
    fix: "Write it with cell_write, or put a value that never changes into vars.",
    example: "- { id: keep, plugin: cell_write, config: { cell: mode, from: mode } }",
  },
  CELL_NEVER_READ: {
    title: "A cell is never read",
    cause: "What is written there reaches nobody.",
    fix: "Remove the cell, or read it with cell_read or as cells.NAME in an expression.",
  },
  CELL_SCHEMA: {
    title: "The schema of a cell cannot be used",
    cause: "It is no JSON Schema, has a keyword nobody knows, or its file cannot be read.",
    fix: "Correct the schema; it is 2020-12 unless $schema says another.",
    example: "blackboard:\n  limit: { schema: { type: nmber } }",
  },
  CELL_INITIAL: {
    title: "The initial value of a cell does not fit the cell",
    cause: "It is of another type than the cell, does not fit its schema, or is larger than max_bytes.",
    fix: "Correct the value, or the cell's type or bound.",
    example: "blackboard:\n  limit: { type: number, initial: warm }",
  },
  UNKNOWN_PORT: {
    title: "An edge names a port that the node does not have",
    cause: "The part behind the dot (or from_port, to_port) is no port of this node with this config.",
    fix: "schnitzel nodes NAME lists the ports.",
    example: "edges:\n  - { from: limit.exces, to: trash }",
  },
  AMBIGUOUS_PORT: {
    title: "An edge does not say which input it leads to",
    cause: "The node has several inputs, and none of them is the default; only outputs have one, the first.",
    fix: "Write node.port.",
    example: "edges:\n  - { from: cam, to: join }",
  },
  PORT_IGNORED: {
    title: "A port of an old graph is not used",
    cause:
      "The predecessor wrote port names and never looked at them; nodes with its addresses have one input and one output.",
    fix: "Remove the port, or use the node's new name, which has ports.",
  },
  KINDS_DO_NOT_MEET: {
    title: "An edge joins ports of different kinds",
    cause: "None of the kinds that leave the one port is taken by the other.",
    fix: "Put a node between them that turns the one into the other.",
    example: "edges:\n  - { from: cam, to: event_policy }",
  },
  PROFILE_MISMATCH: {
    title: "A payload cannot go where the edge leads",
    cause: "Frames, sounds and raw bytes stay in the process; the other end needs JSON or a reference.",
    fix: "Put a node between them that makes the payload portable.",
    example: "edges:\n  - { from: cam, to: jsonl_out }",
  },
  PAYLOAD_REF_UNUSED: {
    title: "payload_ref stands on an edge that is not durable",
    cause: "It keeps large payloads of rows in files of their own, and such an edge has no rows.",
    fix: "Add durable: true to the edge, or remove payload_ref.",
    example: "edges:\n  - { from: a, to: b, payload_ref: auto }",
  },
  DURABLE_ADVISED: {
    title: "A sender waits for a sink outside the machine",
    cause:
      "The source answers its sender when a packet is safe. Without a durable edge that is when the sink has taken it, so an outage of the sink is an outage of the source.",
    fix: "Make an edge between them durable, or write durable: sinks at the top; durable: false on the edge says that it is meant.",
    example: "edges:\n  - { from: webhook, to: backend }",
  },
  TEST_VALUE: {
    title: "A value of a test file does not fit",
    cause: "Something in a *.test.yaml names what the graph does not have, or cannot be compiled or read.",
    fix: "The message says what is allowed there; docs/testing.md describes every key.",
  },
  TEST_NOT_GIVEN: {
    title: "A test does not say what a source sends",
    cause: "A test runs without the outside, so each source of the graph has its packets from the test file.",
    fix: "Give the source packets under given:, [] for none; or set allow_real: true and let it run.",
    example: "given:\n  station:\n    - { payload: { temp_max: 35 } }",
  },
  TOO_MANY_FINDINGS: {
    title: "Not every finding is listed",
    cause: "At most 1,000 errors and 1,000 warnings are kept.",
    fix: "Fix the ones listed and check again.",
  },
  INTERNAL: {
    title: "schnitzel itself failed while it checked the graph",
    cause: "A fault in schnitzel or in a plugin's definition. The graph is refused to be safe.",
    fix: "Report it with the message and, if possible, the graph.",
  },
} as const satisfies Record<string, CodeText>;
