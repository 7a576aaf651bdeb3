import type { NodeDefinition } from "../node/index.ts";
import { barSink } from "./dev/bar_sink.ts";
import { generateSource } from "./dev/generate_source.ts";
import { nullSink } from "./dev/null_sink.ts";
import { staticSource } from "./dev/static_source.ts";
import { burst } from "./flow/burst.ts";
import { filter } from "./flow/filter.ts";
import { identity } from "./flow/identity.ts";
import { map } from "./flow/map.ts";
import { rateLimit } from "./flow/rate_limit.ts";
import { route } from "./flow/route.ts";
import { sample } from "./flow/sample.ts";
import { schemaValidate } from "./flow/schema_validate.ts";
import { fileSource } from "./io/file_source.ts";
import { jsonFileSink } from "./io/json_file_sink.ts";
import { jsonlSink } from "./io/jsonl_sink.ts";
import { printSink } from "./io/print_sink.ts";
import { stdinSource } from "./io/stdin_source.ts";
import { dedup } from "./state/dedup.ts";
import { dedupPolicy } from "./vision/dedup_policy.ts";
import { eventV02 } from "./vision/event_v02.ts";
import { eventV02Parse } from "./vision/event_v02_parse.ts";
import { everyNthFrame } from "./vision/every_nth_frame.ts";
import { mockDetector } from "./vision/mock_detector.ts";
import { zonePolicy } from "./vision/zone_policy.ts";

/** Every node the binary carries, by domain. A node that is not here does not exist. */
export const DOMAINS = {
  dev: [barSink, generateSource, nullSink, staticSource],
  io: [fileSource, jsonFileSink, jsonlSink, printSink, stdinSource],
  flow: [burst, filter, identity, map, rateLimit, route, sample, schemaValidate],
  state: [dedup],
  vision: [dedupPolicy, eventV02, eventV02Parse, everyNthFrame, mockDetector, zonePolicy],
} as const satisfies Record<string, readonly NodeDefinition[]>;

export const BUILT_IN: readonly NodeDefinition[] = Object.values(DOMAINS).flat();
