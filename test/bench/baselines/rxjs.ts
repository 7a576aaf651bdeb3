/** RxJS at the chain's work: a Subject, three maps, a subscriber. Neither bounds nor metrics. */
import { map, Subject } from "rxjs";

const count = Number(process.argv[2]);
const withPackets = process.argv[3] === "packets";
const subject = new Subject<unknown>();
let received = 0;
subject
  .pipe(
    map((item) => item),
    map((item) => item),
    map((item) => item),
  )
  .subscribe(() => {
    received += 1;
  });
if (withPackets) {
  for (let i = 0; i < count; i++) {
    const ts = new Date().toISOString();
    subject.next({ packet_id: Bun.randomUUIDv7(), ts, kind: "raw", source_id: "source", payload: { i }, meta: {} });
  }
} else for (let i = 0; i < count; i++) subject.next({ i });
if (received !== count) throw new Error(`received ${received} of ${count}`);
