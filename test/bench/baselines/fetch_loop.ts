/**
 * POSTs small JSON bodies with a bare `fetch`, so many at a time. Milliseconds for all of them.
 *
 *   bun fetch_loop.ts COUNT CONCURRENCY URL
 */
const [count = "200000", concurrency = "16", url = ""] = process.argv.slice(2);
let next = 0;
const startMs = performance.now();
async function loop() {
  while (next < Number(count)) {
    const body = JSON.stringify({ i: next++ });
    const headers = { "content-type": "application/json", "idempotency-key": Bun.randomUUIDv7() };
    const response = await fetch(url, { method: "POST", body, headers, redirect: "manual" });
    await response.arrayBuffer();
    if (response.status !== 200) throw new Error(`status ${response.status}`);
  }
}
await Promise.all(Array.from({ length: Number(concurrency) }, loop));
console.log(JSON.stringify({ ms: performance.now() - startMs }));
