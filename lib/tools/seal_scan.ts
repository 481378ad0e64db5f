/**
 * What stands behind a batch that is broken: seals of later batches tell how much is lost with it,
 * and whether it was safe once (lib/persistence/README.md, rule 2).
 */

import type { DiskFile } from "../platform/disk.ts";
import { findSeal } from "../persistence/aof/seal_scan.ts";

/** What was found of later batches. */
export interface LaterBatches {
  /** How many seals stand where they say. */
  readonly batches: number;
  /** The commands that they count. */
  readonly commands: number;
  /** The latest time of theirs, in seconds; undefined: there are none. */
  readonly last_s: number | undefined;
  /** The time of the batch that begins where the search did, if it has its seal. */
  readonly own_s: number | undefined;
  /** So much of the file was once on stable storage. */
  readonly synced: number;
}

/** Looks for seals from `start`, where a batch begins, to the end of the file. @throws {DiskError} */
export function findLaterSeals(file: DiskFile, start: number): LaterBatches {
  let batches = 0;
  let commands = 0;
  let synced = 0;
  let last_s: number | undefined;
  let own_s: number | undefined;
  findSeal(file, start, (seal) => {
    synced = Math.max(synced, seal.synced);
    if (seal.offset < start) return false;
    batches++;
    if (seal.length > 0) commands += seal.commands;
    last_s = Math.max(last_s ?? 0, seal.time_s);
    if (seal.offset === start) own_s = seal.time_s;
    return false;
  });
  return { batches, commands, synced, last_s, own_s };
}
