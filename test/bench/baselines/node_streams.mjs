/** Node object streams at the chain's work: bounded by highWaterMark, no metrics. Run by Node. */
import { PassThrough, Readable, Writable } from "node:stream";
import { pipeline } from "node:stream/promises";

const count = Number(process.argv[2]);
let received = 0;
let made = 0;
const options = { objectMode: true, highWaterMark: 256 };
await pipeline(
  new Readable({
    ...options,
    read() {
      while (made < count) if (!this.push({ i: made++ })) return;
      this.push(null);
    },
  }),
  new PassThrough(options),
  new PassThrough(options),
  new PassThrough(options),
  new Writable({
    ...options,
    write(_item, _encoding, done) {
      received += 1;
      done();
    },
  }),
);
if (received !== count) throw new Error(`received ${received} of ${count}`);
