import { describe, expect, test } from "bun:test";
import * as v from "valibot";
import { egress, isEgressEntry } from "../../../src/nodes/egress.ts";
import { httpSink } from "../../../src/nodes/net/http_sink.ts";
import { macrotask } from "../../support/engine.ts";
import { refused } from "../../support/network.ts";
import { packet } from "../../support/node.ts";
import { failureOf, ok, sink } from "./sink.ts";

const METADATA = [
  ...["169.254.169.254", "169.254.0.1", "fe80::1", "febf::1", "fd00:ec2::254", "100.100.100.200", "192.0.0.192"],
  ...["168.63.129.16", "::ffff:169.254.169.254", "::ffff:a9fe:a9fe", "64:ff9b::169.254.169.254", "fe80::1%eth0"],
];
const PLAIN = [
  "127.0.0.1",
  "::1",
  "10.1.2.3",
  "192.168.1.1",
  "8.8.8.8",
  "2001:db8::1",
  "169.253.1.1",
  "::ffff:8.8.8.8",
];

describe("egress", () => {
  test.each(METADATA)("is not to %s", (address) => expect(egress(undefined)("h", 80, address)).toBe(false));
  test.each(PLAIN)("is to %s", (address) => expect(egress(undefined)("h", 80, address)).toBe(true));

  test("is, with a list, to what the list has and nowhere else", () => {
    const allowed = egress(["backend.example", "other.example:8443", "10.1.0.0/16", "2001:db8::7", "127.0.0.1"]);
    for (const [host, port, address, answer] of [
      ["backend.example", 80, "8.8.8.8", true],
      ["BACKEND.example", 443, "8.8.8.8", true],
      ["sub.backend.example", 80, "8.8.8.8", false],
      ["other.example", 8443, "8.8.8.8", true],
      ["other.example", 443, "8.8.8.8", false],
      ["h", 80, "10.1.255.255", true],
      ["h", 80, "::ffff:10.1.2.3", true],
      ["h", 80, "10.2.0.0", false],
      ["h", 80, "2001:db8::7", true],
      ["h", 80, "127.0.0.1", true],
      ["h", 80, "127.0.0.2", false],
    ] as const) {
      expect([host, port, address, allowed(host, port, address)]).toEqual([host, port, address, answer]);
    }
  });

  test("is to a metadata address only where the list names it, not its host", () => {
    expect(egress(["metadata.example"])("metadata.example", 80, "169.254.169.254")).toBe(false);
    expect(egress(["169.254.169.254"])("metadata.example", 80, "169.254.169.254")).toBe(true);
    expect(egress(["169.254.0.0/16"])("h", 80, "169.254.169.254")).toBe(true);
  });

  test.each(["h", "h:80", "10.0.0.1", "10.0.0.1:80", "10.0.0.0/8", "::1", "[::1]:80", "fd00::/8"])(
    "takes %p",
    (entry) => expect(isEgressEntry(entry)).toBe(true),
  );
  test.each(["", "http://h", "h:99999", "10.0.0.0/33", "h/8", "10.0.0.0/", "a b", "fd00::/129"])(
    "refuses %p",
    (entry) => expect(isEgressEntry(entry)).toBe(false),
  );
});

describe("http_sink", () => {
  test("sends nothing to a name that leads to a metadata address, and says what to do", async () => {
    const { process, sent, network } = sink({ url: "http://innocent.example/in" });
    network.names.set("innocent.example", ["169.254.169.254"]);
    const { kind, message } = await failureOf(process(packet()));
    expect([kind, sent.length]).toEqual(["unavailable", 0]);
    expect(message).toBe(
      "cannot send to innocent.example:80 as egress allows none of its addresses (169.254.169.254): list one in egress.allow",
    );
  });

  test.each(["169.254.169.254", "0xA9FEA9FE", "2852039166", "[::ffff:a9fe:a9fe]"])(
    "refuses %s in its config, unless the list names it",
    (host) => {
      const check = (extra: object) => {
        const config = v.parse(httpSink.config, { url: `http://${host}/latest`, ...extra });
        return httpSink.check(config).map(({ path }) => path);
      };
      expect(check({})).toEqual([["url"]]);
      expect(check({ egress: { allow: ["169.254.0.0/16"] } })).toEqual([]);
    },
  );

  test("connects to the address it has checked, by its name", async () => {
    const { process, sent, network, clock } = sink({ url: "http://backend.example:8080/in" });
    network.names.set("backend.example", ["10.0.0.7"]);
    await process(packet());
    network.names.set("backend.example", ["169.254.169.254"]);
    clock.advance(30_000);
    await process(packet());
    await macrotask();
    await process(packet());
    expect(sent.map(({ url, headers }) => [url, headers.host])).toEqual([
      ["http://10.0.0.7:8080/in", "backend.example:8080"],
      ["http://10.0.0.7:8080/in", "backend.example:8080"],
      ["http://10.0.0.7:8080/in", "backend.example:8080"],
    ]);
  });

  test("asks for the addresses again every 30 s, and goes on with the old ones while nobody answers", async () => {
    const { process, sent, network, clock } = sink({ url: "http://backend.example/in" });
    let asked = 0;
    const names = [["10.0.0.7"], undefined, ["10.0.0.8"]];
    network.names.get = (() => names[Math.min(asked++, 2)]) as never;
    for (const seconds of [0, 29, 1, 1, 30, 0]) {
      clock.advance(seconds * 1_000);
      await process(packet());
    }
    expect(asked).toBe(3);
    expect(sent.map(({ url }) => new URL(url).hostname)).toEqual([
      ...["10.0.0.7", "10.0.0.7", "10.0.0.7", "10.0.0.7", "10.0.0.7", "10.0.0.8"],
    ]);
  });

  test("tries a name's other address within the same try when the first refuses, and that one first from then on", async () => {
    const { process, sent, network, node } = sink({ url: "http://localhost:8080/in" });
    network.names.set("localhost", ["::1", "127.0.0.1"]);
    network.answer = ({ url }) => (url.includes("[::1]") ? Promise.reject(refused()) : ok());
    await process(packet());
    await process(packet());
    expect(sent.map(({ url }) => new URL(url).hostname)).toEqual(["[::1]", "127.0.0.1", "127.0.0.1"]);
    expect(node.metrics!().posted_total).toBe(2);
  });

  test("does not send a second time in one try when the connection broke after the request", async () => {
    const { process, sent, network } = sink({ url: "http://localhost:8080/in" });
    network.names.set("localhost", ["::1", "127.0.0.1"]);
    network.answer = () => Promise.reject(Object.assign(new Error("reset"), { code: "ECONNRESET" }));
    await failureOf(process(packet()));
    expect(sent).toHaveLength(1);
  });

  test("is unavailable while its server's name cannot be resolved", async () => {
    const { process, network } = sink({ url: "http://backend.example/in" });
    expect(await failureOf(process(packet()))).toMatchObject({
      kind: "unavailable",
      message: expect.stringContaining("backend.example"),
    });
    network.names.set("backend.example", ["10.0.0.7"]);
    await process(packet());
  });
});
