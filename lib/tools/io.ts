/** What every tool works with: the world outside, given to it, and how it says that it has ended. */

import type { HashSeed } from "../memory/hash.ts";
import type { Clock } from "../platform/clock.ts";
import type { Disk } from "../platform/disk.ts";
import type { Terminal } from "../platform/terminal.ts";
import { Progress } from "./progress.ts";

/** The world outside. */
export interface ToolIo {
  /** Where the files are. */
  readonly disk: Disk;
  /** Time, for progress and for values that have expired. */
  readonly clock: Clock;
  /** Who is spoken to. */
  readonly terminal: Terminal;
  /** A secret of the hash that finds repeated members. */
  readonly seed: HashSeed;
  /** Who holds the directory while it is mended: `redeno aof fix, pid 123`. */
  readonly owner: string;
  /** `--quiet`: no progress, and only what matters. */
  readonly quiet: boolean;
}

/** Exit codes of the tools. */
export const Exit = {
  /** All is well, or was done. */
  ok: 0,
  /** Something is damaged, or was not done. */
  damaged: 1,
  /** The end is torn: a server would cut it and start. */
  torn: 2,
  /** The command line makes no sense, or something cannot be read. */
  unusable: 3,
} as const;

/** How a tool ends. */
export type ExitCode = typeof Exit[keyof typeof Exit];

/** A measure of work over `total_bytes`, shown unless `--quiet` is given. */
export function progressOf(io: ToolIo, total_bytes: number): Progress {
  return new Progress(io.quiet ? undefined : io.terminal, io.clock, total_bytes);
}

/** A tool cannot do what was asked for; the message says why, and what can be done. */
export class Refusal extends Error {
  /** The class, for logs. */
  override readonly name = "Refusal";
}
