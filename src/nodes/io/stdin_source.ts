import * as v from "valibot";
import { defineNode } from "../../node/index.ts";
import { checkRecordConfig, packetsOf, RECORD_DOC, recordConfig, recordPort, recordReader } from "./record_config.ts";

export const stdinSource = defineNode({
  name: "stdin_source",
  kind: "source",
  doc: `Reads records from standard input and ends with it.

${RECORD_DOC}`,
  config: v.strictObject(recordConfig),
  outputs: recordPort,
  check: checkRecordConfig,
  owns: () => [{ path: [], what: "standard input", never: true }],
  examples: [
    {
      title: "What journalctl -o json prints",
      config: {
        format: "jsonl",
        kind: "log",
        ts_field: "__REALTIME_TIMESTAMP",
        ts_format: "unix_us",
        source_id_field: "_SYSTEMD_UNIT",
      },
      stdin: '{"__REALTIME_TIMESTAMP":"1767225600000000","_SYSTEMD_UNIT":"ssh.service","MESSAGE":"up"}\n',
      output: {
        out: [
          {
            kind: "log",
            ts: "2026-01-01T00:00:00.000Z",
            source_id: "ssh.service",
            payload: { __REALTIME_TIMESTAMP: "1767225600000000", _SYSTEMD_UNIT: "ssh.service", MESSAGE: "up" },
          },
        ],
      },
    },
    {
      title: "Lines of text",
      config: { format: "lines" },
      stdin: "64 bytes from 10.0.0.1\nno answer\n",
      output: { out: [{ payload: { line: "64 bytes from 10.0.0.1" } }, { payload: { line: "no answer" } }] },
    },
  ],
  create(config, context) {
    const reader = recordReader(config, "standard input", context);
    return {
      async *run(signal) {
        for await (const bytes of context.io.read(signal)) yield* packetsOf(reader, () => reader.lines.push(bytes));
        // Stopped in the middle of a line, its first half is no record.
        if (!signal.aborted) yield* packetsOf(reader, () => reader.lines.end());
      },
      metrics: () => reader.packets.metrics(),
    };
  },
});
