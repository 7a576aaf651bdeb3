import { expect } from "bun:test";
import { createHmac } from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";
import { type ExampleProject, freePort, lines } from "./example_project.ts";

const SECRETS = { HOOK_SECRET: "the secret of this year", HOOK_SECRET_OLD: "the secret of last year" };

interface Hook {
  body: string;
  key: string;
  secret?: string;
  agoSec?: number;
}

/** Posts as somebody who knows a secret, as soon as somebody listens; gives the status. */
async function send(url: string, { body, key, secret = SECRETS.HOOK_SECRET, agoSec = 0 }: Hook): Promise<number> {
  const at = Math.floor(Date.now() / 1_000) - agoSec;
  const signature = createHmac("sha256", secret).update(`${at}.${body}`).digest("hex");
  const headers = { "x-timestamp": `${at}`, "x-signature": `sha256=${signature}`, "idempotency-key": key };
  for (let tries = 0; ; tries++) {
    try {
      const response = await fetch(url, { method: "POST", body, headers });
      await response.text();
      return response.status;
    } catch (error) {
      if (tries === 200) throw error;
      await Bun.sleep(25);
    }
  }
}

/** Examples that judge, thin out and order what comes in. */
export function gates(project: ExampleProject): Record<string, (name: string) => Promise<void>> {
  const { runExample, written } = project;
  return {
    async quality_gate(name) {
      const { code, report, printed } = await runExample(name);
      expect(printed.map((line) => line.replace(/ \{.*/, ""))).toEqual([
        "2026-05-01T06:00:00Z sensor bed_1",
        "2026-05-01T06:00:00Z sensor bed_2",
        "2026-05-01T12:00:00Z sensor bed_1",
      ]);
      const letters = report.dead_letters.first as { node: string; reason: string }[];
      expect([code, report.status, letters.map(({ node }) => node)]).toEqual([
        ...[0, "degraded"],
        ["readings", ...Array(3).fill("ingress.shape.readings")],
      ]);
      expect(letters[1]!.reason).toContain('left by "invalid": {"schema_errors":[{"path":"/celsius"');
    },
    async priorities(name) {
      const { code, report, printed } = await runExample(name);
      const kinds = printed.map((line) => line.split(" ")[1]!);
      const count = (kind: string) => kinds.filter((each) => each === kind).length;
      // Nothing that matters is lost, and of the flood as many as there is room for.
      expect([code, count("alarm"), count("event")]).toEqual([0, 20, 40]);
      expect(count("reading")).toBeLessThan(2_000);
      expect(report.metrics["packets.dropped_total"]).toBe(2_000 - count("reading"));
      // The readings that waited all the time are behind everything else.
      expect(kinds.slice(-10)).toEqual(Array(10).fill("reading"));
      expect(kinds.lastIndexOf("alarm")).toBeLessThan(kinds.lastIndexOf("event"));
      expect(lines(written("priorities.jsonl"))).toHaveLength(20);
    },
    async dedup_webhooks(name) {
      const got: { body: Record<string, unknown>; key: string | null }[] = [];
      const backend = Bun.serve({
        hostname: "127.0.0.1",
        port: 0,
        async fetch(request) {
          got.push({
            body: (await request.json()) as Record<string, unknown>,
            key: request.headers.get("idempotency-key"),
          });
          return new Response();
        },
      });
      const listen = `127.0.0.1:${freePort()}`;
      const settings = { "vars.listen": listen, "vars.backend": backend.url.href };
      const running = runExample(
        name,
        ...Object.entries(settings).flatMap(([key, value]) => ["--set", `${key}=${value}`]),
        ...["--env-file", secretsFile(project), "--state-dir", project.path, "--max-packets", "7"],
      );
      const url = `http://${listen}/hook`;
      const order = (number: number) => `{"order":${number}, "name":"Ada"}`;
      // The same request twice, an old secret, one that nobody has, an hour old, and what is no JSON.
      expect([
        await send(url, { body: order(1), key: "1" }),
        await send(url, { body: order(1), key: "1" }),
        await send(url, { body: order(2), key: "2", secret: SECRETS.HOOK_SECRET_OLD }),
        await send(url, { body: order(3), key: "3", secret: "nobody has ever had this" }),
        await send(url, { body: order(4), key: "4", agoSec: 3_600 }),
        await send(url, { body: "not JSON", key: "5" }),
        await send(url, { body: order(6), key: "6" }),
      ]).toEqual([202, 202, 202, 422, 422, 422, 202]);
      const { code, report } = await running;
      await backend.stop(true);
      expect([code, got.map(({ body, key }) => [body.order, key])]).toEqual([
        0,
        [
          [1, "1"],
          [2, "2"],
          [6, "6"],
        ],
      ]);
      expect(new Set(got.map(({ body }) => body.name)).size).toBe(1);
      expect(got[0]!.body.name).toMatch(/^[0-9a-f]{64}$/);
      expect(report.metrics).toMatchObject({
        "node.once.duplicates_total": 1,
        "node.signed.old_key_total": 1,
        "node.signed.refused_total": 1,
        "node.signed.replayed_total": 1,
      });
    },
  };
}

function secretsFile({ path: folder }: ExampleProject): string {
  const file = path.join(folder, "secrets.env");
  fs.writeFileSync(
    file,
    [...Object.entries(SECRETS), ["NAME_KEY", "a key for the names"]]
      .map(([key, value]) => `${key}="${value}"\n`)
      .join(""),
  );
  return file;
}
