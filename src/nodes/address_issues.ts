import { type Credentials, cameraAddress } from "../media/index.ts";
import type { ConfigIssue } from "../node/index.ts";

/** What is wrong with the address of a camera. */
export function addressIssues(options: Credentials & { url: string }, schemes: readonly string[]): ConfigIssue[] {
  try {
    cameraAddress(options.url, schemes, options);
    return [];
  } catch (error) {
    return [{ path: ["url"], message: (error as Error).message }];
  }
}
