/** Words of a line with a level that is worth telling; ffmpeg is asked to write levels. */
const TOLD = /^(?:\[[^\]]{1,64} @ 0x[0-9a-f]+\] ){0,3}\[(?:warning|error|fatal|panic)\] (.+)$/;
/** About how it was called, which is ours to know. */
const NOISE =
  /deprecated|Output file is empty|Estimating duration from bitrate|Guessed Channel Layout|has not been used for any stream|timestamp discontinuity/;
/** user:password@ of an address; a camera's password may hold "@" and "/". */
const CREDENTIALS = /(\b[a-z][a-z0-9+.-]{0,31}:\/\/)[^\s"'<>]{1,1024}@/gi;

/** Hides the credentials of addresses in a text. */
export const hideCredentials = (text: string): string => text.replace(CREDENTIALS, "$1***@");

/** What ffmpeg complained about, each sentence once, the newest last. */
export function complaintsOf(stderr: string): string[] {
  const told = stderr.split(/[\r\n]+/).flatMap((line) => TOLD.exec(line)?.[1] ?? []);
  const kept = told.filter((line) => !NOISE.test(line)).map((line) => hideCredentials(line.trim()));
  return [...new Set(kept.reverse())].reverse();
}
