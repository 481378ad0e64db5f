/**
 * What stands behind a batch that is not as it was written: seals of later batches tell how much is
 * lost with it, and whether it was safe once (lib/persistence/README.md, rule 2).
 */

import type { DiskFile } from "../../platform/disk.ts";
import { readAt } from "./file_end.ts";
import { looksForeign } from "./frames.ts";
import { findSeal } from "./seal_scan.ts";

const START_BYTES = 32;

/** What was found of later batches. */
export interface LaterBatches {
  /** How many seals are there. */
  readonly batches: number;
  /** The commands that they count. */
  readonly commands: number;
  /** The latest time of theirs, in seconds; undefined: there are none. */
  readonly last_s: number | undefined;
  /** The time of the batch that begins where the search did, if it has its seal. */
  readonly own_s: number | undefined;
  /** So much of the file was once on stable storage, by those that count. */
  readonly synced: number;
}

/** What a batch is that is not whole: see rule 2; "foreign": it is none. */
export interface Break {
  /** The verdict. */
  readonly kind: "torn" | "damaged" | "foreign";
  /** What stands behind. */
  readonly later: LaterBatches;
}

/**
 * Judges the bytes from `start`, where no whole batch begins, to the end of the file. Seals that are
 * not in their place are of bytes that were lost or added before them - or of a log that is a value
 * in this one; so they do not count where the file is foreign, or just ends within the batch.
 *
 * @param endsWithin the file ends within the batch
 * @throws {DiskError} the file cannot be read
 */
export function judgeBreak(file: DiskFile, start: number, endsWithin: boolean): Break {
  const isForeign = looksForeign(readAt(file, start, START_BYTES));
  const countsAny = !isForeign && !endsWithin;
  let ours = 0;
  let batches = 0;
  let commands = 0;
  let synced = 0;
  let last_s: number | undefined;
  let own_s: number | undefined;
  findSeal(file, start, (seal, isInPlace) => {
    if (isInPlace) ours++;
    if (!isInPlace && !countsAny) return false;
    synced = Math.max(synced, seal.synced);
    if (seal.offset < start) return false;
    batches++;
    if (seal.length > 0) commands += seal.commands;
    last_s = Math.max(last_s ?? 0, seal.time_s);
    if (seal.offset === start) own_s = seal.time_s;
    return false;
  });
  const later = { batches, commands, synced, last_s, own_s };
  if (synced > start) return { kind: "damaged", later };
  return { kind: ours === 0 && isForeign ? "foreign" : "torn", later };
}
