/**
 * Node's `process`, loaded when it is first needed: an import at the top costs 3 MB of memory in every
 * server (measured).
 */

import type process from "node:process";

/** Node's `process`. */
export function nodeProcess(): typeof process {
  return (globalThis as unknown as { process: typeof process }).process;
}
