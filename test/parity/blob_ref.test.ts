import { expect, test } from "bun:test";
import * as fs from "node:fs";
import * as path from "node:path";
import { project } from "./project.ts";

const D = "schnitzel_stream.nodes";
/** sha256 of "cat". */
const CAT = "77af778b51abd4a3c51c5ddd97204a9c3ae614ebccb75a606c3b6865aed6744e";

/** A file read by reference, and written under another one. */
const graph = (ref: string, config = "dir: outputs/blobs") => `version: 2
nodes:
  - id: src
    kind: source
    plugin: "${D}.dev:StaticSource"
    config: { packets: [{ kind: bytes_ref, source_id: cam01, payload: { ref: ${ref} } }] }
  - { id: read, kind: node, plugin: "${D}.blob_ref:FileRefToBytesNode" }
  - { id: keep, kind: node, plugin: "${D}.blob_ref:BytesToFileRefNode", config: { ${config} } }
  - { id: out, kind: sink, plugin: "${D}.dev:PrintSink" }
edges:
  - { from: src, to: read }
  - { from: read, to: keep }
  - { from: keep, to: out }
`;

async function runRef(ref: string, config?: string) {
  const old = project();
  fs.writeFileSync(path.join(old.folder, "snap.bin"), "cat");
  old.write("g.yaml", graph(ref, config));
  const ran = await old.run("g.yaml");
  return { ...ran, old, packet: ran.printed[0] === undefined ? undefined : JSON.parse(ran.printed[0]) };
}

test("the predecessor's reference has its fields in its order, and the packet keeps its id", async () => {
  const { old, packet, counts } = await runRef("{ scheme: file, path: snap.bin }");
  using _ = old;
  const file = path.join(fs.realpathSync(old.folder), "outputs/blobs/cam01", `${packet.packet_id}.bin`);
  expect(JSON.stringify(packet.payload)).toBe(
    JSON.stringify({ ref: { scheme: "file", path: file, content_type: null, size_bytes: 3, sha256: CAT } }),
  );
  expect([packet.kind, packet.source_id, counts]).toEqual(["bytes_ref", "cam01", "3/3/1"]);
  expect(fs.readFileSync(file, "utf8")).toBe("cat");
});

test("its settings mean what they meant, and any path is readable", async () => {
  using elsewhere = project();
  const outside = path.join(elsewhere.folder, "elsewhere.bin");
  fs.writeFileSync(outside, "dog");
  const config = 'dir: outputs, filename: "/{packet_id}.jpg", compute_sha256: false, content_type: image/jpeg';
  const { old, packet } = await runRef(`{ scheme: file, path: "${outside}" }`, config);
  using _ = old;
  const file = path.join(fs.realpathSync(old.folder), "outputs", `${packet.packet_id}.jpg`);
  expect(packet.payload).toEqual({ ref: { scheme: "file", path: file, content_type: "image/jpeg", size_bytes: 3 } });
});

test("a file that was changed under its sum is refused; the predecessor took it", async () => {
  const { old, printed, metrics } = await runRef(
    `{ scheme: file, path: snap.bin, sha256: "${CAT.replace("7", "8")}" }`,
  );
  using _ = old;
  expect(printed).toEqual([]);
  expect(metrics["packets.source_emitted_total"]).toBe(1);
});
