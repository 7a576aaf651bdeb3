/** A server that takes any POST and answers 200; prints its URL, then what it took for each line on stdin. */
let taken = 0;
const server = Bun.serve({
  hostname: "127.0.0.1",
  port: 0,
  async fetch(request) {
    await request.arrayBuffer();
    taken += 1;
    return new Response("ok");
  },
});
console.log(String(server.url));
for await (const _ of console) {
  console.log(taken);
  taken = 0;
}
server.stop(true);
