/**
 * The batches of a framed file, one after the other, each verified by its frame; and what the file
 * ends with. What follows from that - to refuse a start, to cut, to report and go on - is for those
 * who ask: the loader (verified_source.ts) and the tools (lib/tools/file_walk.ts).
 *
 * Promise: a batch is called verified only if every byte of it and of its two lines is as it was
 * written, and so is every batch before it. Memory: the window; a batch that is longer passes
 * through it.
 */

import type { DiskFile } from "../../platform/disk.ts";
import { type FileWindow, WINDOW_BYTES } from "./file_window.ts";
import {
  crc32,
  HEAD_BYTES_MAX,
  parseHead,
  parseSeal,
  type Seal,
  SEAL_BYTES_MAX,
} from "./frames.ts";
import { judgeBreak, type LaterBatches } from "./later_batches.ts";

const LF = 10;

/** Why bytes are not a verified batch. */
export type Flaw =
  | "no batch begins here"
  | "the file ends within the batch"
  | "the batch has no seal"
  | "the seal is of another batch"
  | "the checksum does not fit the bytes";

/** What is behind the last verified batch. */
export type BatchesEnd =
  /** Nothing. */
  | { readonly kind: "whole" }
  /** What another server has appended. */
  | { readonly kind: "foreign" }
  | {
    /** What never was on stable storage for certain, or once was and is not what it was. */
    readonly kind: "torn" | "damaged";
    readonly flaw: Flaw;
    readonly later: LaterBatches;
  };

/** See above. */
export class BatchVerifier {
  /** All before it is verified: the next batch begins here. */
  offset = 0;
  /** Batches verified, empty ones included. */
  batches = 0;
  /** The seal of the batch verified last. */
  seal: Seal | undefined;
  /** Where the commands of the batch verified last begin; its seal tells how long they are. */
  data_start = 0;
  /** The `chain` of the batch before it. */
  chain_before = 0;
  readonly #file: DiskFile;
  readonly #window: FileWindow;
  #chain = 0;
  #end: BatchesEnd | undefined;

  /** @param file framed, and open for reading. @param window on it; others may look through it. */
  constructor(file: DiskFile, window: FileWindow) {
    this.#file = file;
    this.#window = window;
  }

  /** Known as soon as {@linkcode BatchVerifier.next} has returned false. */
  get end(): BatchesEnd {
    if (this.#end === undefined) throw new Error("the batches have not come to their end");
    return this.#end;
  }

  /**
   * Verifies the next batch; false: there is none. Afterwards it is in the window if it fits.
   *
   * @throws {DiskError} the file cannot be read
   */
  next(): boolean {
    if (this.#end !== undefined) return false;
    if (this.offset === this.#window.size_bytes) {
      this.#end = { kind: "whole" };
      return false;
    }
    const flaw = this.#verify();
    if (flaw !== undefined) this.#end = this.#judge(flaw);
    return flaw === undefined;
  }

  #judge(flaw: Flaw): BatchesEnd {
    const { kind, later } = judgeBreak(
      this.#file,
      this.offset,
      flaw === "the file ends within the batch",
    );
    return kind === "foreign" ? { kind } : { kind, flaw, later };
  }

  /** Verifies the batch at `offset`; returns what is wrong with it. */
  #verify(): Flaw | undefined {
    const window = this.#window;
    const start = this.offset;
    const at = window.hold(start, HEAD_BYTES_MAX);
    const head = parseHead(window.bytes, at, window.length);
    if (head === undefined) return "no batch begins here";
    const data_start = window.start + head.end;
    const data_end = data_start + head.length;
    if (data_end >= window.size_bytes) return "the file ends within the batch";
    const chain = this.#checksum(start, data_start, data_end);
    const sealAt = window.hold(data_end, SEAL_BYTES_MAX);
    const parsed = parseSeal(window.bytes, sealAt, window.length);
    if (parsed === undefined) return this.#flawOfSeal(sealAt);
    const { seal, end } = parsed;
    if (seal.offset !== start || seal.length !== head.length) return "the seal is of another batch";
    if (seal.chain !== chain) return "the checksum does not fit the bytes";
    this.seal = seal;
    this.data_start = data_start;
    this.chain_before = this.#chain;
    this.#chain = chain;
    this.offset = window.start + end;
    this.batches++;
    return undefined;
  }

  #flawOfSeal(sealAt: number): Flaw {
    const rest = this.#window.bytes.subarray(sealAt, this.#window.length);
    const isCut = rest.length < SEAL_BYTES_MAX && !rest.includes(LF);
    return isCut ? "the file ends within the batch" : "the batch has no seal";
  }

  /** The checksum of the commands of a batch that begins at `start`; -1: it fits no seal. */
  #checksum(start: number, data_start: number, data_end: number): number {
    const window = this.#window;
    // Moving the window to the beginning of the batch keeps all of it there, if it can be.
    window.hold(start, Math.min(data_end + SEAL_BYTES_MAX - start, WINDOW_BYTES));
    let chain = this.#chain;
    for (let offset = data_start; offset < data_end;) {
      const from = window.hold(offset, Math.min(data_end - offset, WINDOW_BYTES));
      const to = Math.min(from + data_end - offset, window.length);
      if (to <= from) return -1; // the file has become shorter
      chain = crc32(window.bytes, from, to, chain);
      offset += to - from;
    }
    return chain;
  }
}
