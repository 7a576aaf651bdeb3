/** What the drill posts: the key says which packet it is, the payload repeats it, filled up and with a checksum. */
export interface DrillPayload {
  readonly key: string;
  readonly partition: string;
  readonly number: number;
  readonly filler: string;
  readonly check: string;
}

export interface PacketName {
  readonly partition: number;
  /** From 0, without a gap within the partition. */
  readonly number: number;
}

/** A run's own keys begin with its name: what a queue kept from another drill is told apart. */
export const keyOf = (run: string, { partition, number }: PacketName) => `${run}.${partition}.${number}`;

export function nameIn(run: string, key: string): PacketName | undefined {
  const [, of, partition, number] = /^(.+)\.(\d{1,6})\.(\d{1,9})$/.exec(key) ?? [];
  return of === run ? { partition: Number(partition), number: Number(number) } : undefined;
}

/** How a source is called in packets and in reports. */
export const partitionId = (partition: number) => `drill_${partition}`;

/** `fillerBytes` of text that differs from packet to packet, so that one packet's bytes cannot pass for another's. */
export function payloadOf(run: string, name: PacketName, fillerBytes: number): DrillPayload {
  const key = keyOf(run, name);
  const word = `${checksum(key)}-`;
  const filler = word.repeat(Math.ceil(fillerBytes / word.length)).slice(0, fillerBytes);
  const partition = partitionId(name.partition);
  return {
    key,
    partition,
    number: name.number,
    filler,
    check: checkOf({ key, partition, number: name.number, filler }),
  };
}

/** Whether the payload that came with `key` is the one that was sent with it. */
export function isIntact(payload: unknown, key: string): boolean {
  if (typeof payload !== "object" || payload === null) return false;
  const found = payload as DrillPayload;
  return found.key === key && found.check === checkOf(found);
}

const checkOf = ({ key, partition, number, filler }: Omit<DrillPayload, "check">) =>
  checksum(`${key} ${partition} ${number} ${filler}`);

/** Of Bun, 64 bits: two different texts agree by chance once in 10^19. */
const checksum = (text: string) => Bun.hash(text).toString(36);
