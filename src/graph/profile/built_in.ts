/**
 * The profiles that every graph can be run with. None of them drops packets, changes their order, or has more than one
 * call of a node under way: the second may overtake the first on its way out.
 */
export const BUILT_IN_PROFILES: Readonly<Record<string, string>> = {
  edge_low_power: `description: A small board on a thin line, with little memory and a memory card that wears out.
runtime:
  inbox:
    # Fifty nodes hold 400 MB at most; the usual 64 MiB each would be 3 GB.
    capacity: 64
    max_bytes: 8MiB
durable:
  # A card of 16 GB keeps its system, and what is written over and over is kept small.
  max_bytes: 512MiB
  min_free: 256MiB
  # After an outage the backlog leaves half of a thin line to what is new.
  drain_rate: 20
delivery:
  # A mobile line may take ten seconds for its first packet after it was idle.
  timeout_sec: 20
  # Each probe wakes the radio: once a minute while the outside is away.
  backoff_ms: 1000
  backoff_max_ms: 60000
checkpoint:
  # Each is written to the card.
  interval: 30s
`,
  server_realtime: `description: A machine with memory and a fast line, where an old packet is worth little.
runtime:
  inbox:
    # A queue is waiting time: at 1,000 packets/s 32 of them are 32 ms per node.
    capacity: 32
durable:
  # A backlog must not hold up what is new.
  drain_rate: 500
  backoff_ms: 100
  backoff_max_ms: 2000
delivery:
  # What takes longer is as good as away, and is noticed within two seconds when it is back.
  timeout_sec: 3
  backoff_ms: 50
  backoff_max_ms: 2000
`,
  offline_batch: `description: Files are worked through at night; how long one packet takes does not matter.
runtime:
  inbox:
    # Long queues even out nodes that are slow now and then.
    capacity: 4096
    max_bytes: 256MiB
durable:
  # The whole input may wait.
  max_bytes: 64GiB
  backoff_max_ms: 60000
delivery:
  # A server that works on a large request for a minute is not away, and it is asked ten times before a packet is given up.
  timeout_sec: 120
  max_attempts: 10
  backoff_max_ms: 30000
checkpoint:
  # A minute of work comes again after a crash, and nobody waits for it.
  interval: 60s
`,
};

/** The word for no profile, where a graph names one. */
export const NO_PROFILE = "none";
