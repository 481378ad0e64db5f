/**
 * Modules of Node's that are rarely needed, loaded when they first are: an import at the top costs
 * 3 to 6 MB of memory in every server (measured).
 */

import type * as Crypto from "node:crypto";
import type process from "node:process";

/** Node's `process`. */
export function nodeProcess(): typeof process {
  return (globalThis as unknown as { process: typeof process }).process;
}

/** Node's `crypto`. */
export function nodeCrypto(): typeof Crypto {
  return nodeProcess().getBuiltinModule("node:crypto");
}
