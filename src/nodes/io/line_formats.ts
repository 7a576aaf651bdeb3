import { decodeLine } from "../../packet/index.ts";
import type { LineFormat } from "./line_reader.ts";
import type { RecordPackets } from "./record_packets.ts";

/** A format whose records are single lines. `read` throws for a bad one. Blank lines are none, unless `keepBlank`. */
function lineFormat(
  packets: RecordPackets,
  read: (text: string, line: number) => void,
  { keepBlank = false } = {},
): LineFormat {
  return {
    take(text, firstLine, invalid) {
      let line = firstLine;
      for (let at = 0; at < text.length; line++) {
        const feed = text.indexOf("\n", at);
        const end = feed === -1 ? text.length : feed;
        const record = text.slice(at, end > at && text.charCodeAt(end - 1) === 0x0d ? end - 1 : end);
        at = end + 1;
        if (invalid?.has(line)) packets.reject(record, line, "the line is not valid UTF-8");
        else if (keepBlank || record.trim() !== "") read(record, line);
      }
      return line - firstLine;
    },
    end() {},
    reset() {},
  };
}

/** One JSON value per line, the payload. */
export function jsonlFormat(packets: RecordPackets): LineFormat {
  return lineFormat(packets, (text, line) => {
    let payload: unknown;
    try {
      payload = JSON.parse(text);
    } catch (error) {
      return packets.reject(text, line, `the line is not JSON: ${(error as Error).message}`);
    }
    packets.accept(payload, line);
  });
}

/** One packet per line, as `jsonl_sink` writes them. */
export function packetsFormat(packets: RecordPackets): LineFormat {
  return lineFormat(packets, (text, line) => {
    try {
      packets.add(decodeLine(text));
    } catch (error) {
      packets.reject(text, line, `the line is not a packet: ${(error as Error).message}`);
    }
  });
}

/** One line of text, payload `{ line }`. */
export function textFormat(packets: RecordPackets): LineFormat {
  return lineFormat(packets, (text, line) => packets.accept({ line: text }, line), { keepBlank: true });
}
