/**
 * What a walk over a file of a log tells: the batches and commands on the way, and a verdict at the
 * end. The walk itself is in file_walk.ts.
 */

import type { AofFile } from "../persistence/files.ts";
import type { Seal } from "../persistence/aof/frames.ts";
import type { LaterBatches } from "../persistence/aof/later_batches.ts";
import type { RdbReport } from "../persistence/rdb/check.ts";
import type { Args } from "../resp/args.ts";

/** A batch whose checksum was right. */
export interface WalkedBatch {
  /** From 1 within its file. */
  readonly number: number;
  /** What its seal says. */
  readonly seal: Seal;
  /** Where its commands begin and end. */
  readonly data_start: number;
  /** See `data_start`. */
  readonly data_end: number;
  /** The `chain` of the batch before. */
  readonly chain_before: number;
}

/** Where a command stands, and what is known of it. */
export interface Place {
  /** Its file. */
  readonly file: AofFile;
  /** Where its bytes begin. */
  offset: number;
  /** Where they end. */
  end: number;
  /**
   * Where the unit begins that it belongs to - the command, or the transaction, with the annotations
   * before it -: a file cut here holds all units before.
   */
  unit_start: number;
  /** Its database. */
  db: number;
  /** When it was written, in seconds, as far as annotations tell; undefined: not before the first. */
  time_s: number | undefined;
  /** Its batch; undefined where there are no frames. */
  batch: WalkedBatch | undefined;
  /** Its number in the file, from 1. */
  number: number;
}

/** Who is shown a file on the way. What is handed over is valid during the call only. */
export interface Visitor {
  /** The snapshot that the file begins with; its commands follow. */
  snapshot?(file: AofFile, report: RdbReport): Promise<void>;
  /** A batch begins. Answering false ends the walk. */
  batch?(batch: WalkedBatch): boolean;
  /** A command. Answering false ends the walk. */
  command?(args: Args, place: Place): boolean;
}

/** What a file is: empty, a snapshot (maybe with commands behind it), framed or plain commands. */
export type FileFormat = "empty" | "rdb" | "framed" | "plain";

/** Whether a file is as it was written; `lost` counts what stands behind, where that can be told. */
export type Verdict =
  | { readonly kind: "whole" }
  /** The end was never safe, and may be cut. */
  | { readonly kind: "torn"; readonly reason: string; readonly lost: LaterBatches | undefined }
  /** Bytes that were safe once, or that nobody wrote. */
  | { readonly kind: "damaged"; readonly reason: string; readonly lost: LaterBatches | undefined }
  /** The file is not there. */
  | { readonly kind: "missing"; readonly reason: string };

/** What was found in a file. */
export interface FileWalk {
  readonly file: AofFile;
  readonly size_bytes: number;
  readonly format: FileFormat;
  /** The snapshot that it begins with. */
  readonly rdb: RdbReport | undefined;
  /** Verified batches, empty ones not counted. */
  readonly batches: number;
  /** Whole commands. */
  readonly commands: number;
  /** All is well up to here, and the file may be cut here. */
  readonly good_bytes: number;
  /** Where bytes without frames begin behind batches; undefined: there are none. */
  readonly foreign_at: number | undefined;
  /** It ends with the empty batch of an orderly end. */
  readonly isSealed: boolean;
  /** It ends with the empty batch behind which nothing ever follows in a file. */
  readonly isComplete: boolean;
  /** The first and the last time that an annotation tells, in seconds. */
  readonly first_s: number | undefined;
  /** See `first_s`. */
  readonly last_s: number | undefined;
  readonly verdict: Verdict;
  /** The visitor has ended the walk. */
  readonly isStopped: boolean;
}
