export { type CameraAddress, type Credentials, cameraAddress, withoutSecrets } from "./address.ts";
export { isExpectedOffline, type OfflineHours, WEEKDAYS } from "./expected_offline.ts";
export { type Fault, type FaultKind, fault, faultOf } from "./fault.ts";
export { httpInput, rtspInput } from "./inputs.ts";
export { type Feed, type LiveFrame, type LivePlan, LiveSource } from "./live_source.ts";
export { type Probe, probeCamera } from "./probe.ts";
export { ABORTED, LATE, within } from "./within.ts";
export { type LiveWords, MICROPHONE_WORDS, STREAM_WORDS } from "./words.ts";
