/**
 * An incremental file that batches are appended to, framed or not (lib/persistence/README.md).
 *
 * Promises: a batch is in the file as a whole or not at all. A write that failed half way is cut
 * back; where the disk does not let it be cut, the next try goes on behind what is there: the bytes
 * of a batch, its time included, are the same at every try. Small batches are one `write`.
 */

import type { Clock } from "../../platform/clock.ts";
import { DiskError, type DiskFile } from "../../platform/disk.ts";
import { type AppendFile, writeFully } from "../files.ts";
import { ENDS, endsFile, inspectEnd, isSealing } from "./file_end.ts";
import { crc32, HEAD_BYTES_MAX, SEAL_BYTES_MAX, writeHead, writeSeal } from "./frames.ts";
import { timestampLine } from "./timestamp.ts";

/** Up to this size a batch and its frame are put together for one write. */
const ONE_WRITE_BYTES_MAX = 256 * 1024;
const SCRATCH_BYTES_MIN = 4096;
const NO_BYTES = new Uint8Array(0);

/** How batches are written. */
export interface BatchFileOptions {
  /** Time. */
  readonly clock: Clock;
  /** `aof-checksums`: asked when an empty file is begun. Missing: no. */
  readonly checksums?: () => boolean;
  /** `aof-timestamp-enabled`. Missing: no. */
  readonly timestamps?: () => boolean;
}

/** What is to be written at once. */
export interface BatchBytes {
  /** Whole commands. */
  readonly bytes: Uint8Array;
  /** How many. */
  readonly commands: number;
}

/** The batches that end a sealed file. */
const SEALING: Readonly<Record<keyof typeof ENDS, BatchBytes>> = {
  server: { bytes: NO_BYTES, commands: ENDS.server },
  file: { bytes: NO_BYTES, commands: ENDS.file },
};

/** A batch as it is written: its pieces, one after the other. */
interface Framed {
  readonly batch: BatchBytes;
  readonly pieces: readonly Uint8Array[];
  readonly size_bytes: number;
  readonly chain: number;
}

/** See above. */
export class BatchFile {
  /** The file; whoever has this closes it. */
  readonly file: DiskFile;
  /** Its path. */
  readonly path: string;
  /** Whether batches are framed. */
  readonly framed: boolean;
  /** So much of the file was on stable storage when it was opened: all of it. */
  readonly openedSynced_bytes: number;
  readonly #options: BatchFileOptions;
  #size_bytes: number;
  /** What ends the file, as it is; undefined: nothing. */
  #ended: keyof typeof ENDS | undefined;
  #chain = 0;
  /** The second of the last timestamp in this file. */
  #stamped_s = 0;
  #scratch = NO_BYTES;
  /** The batch that could not be written, as it must be tried again. */
  #failed: Framed | undefined;

  /**
   * @param opened open for appending
   * @throws {DiskError} it cannot be read. {@linkcode Error}: nothing of ours may be appended to it
   */
  constructor(opened: AppendFile, options: BatchFileOptions) {
    this.file = opened.file;
    this.path = opened.path;
    this.#options = options;
    this.#size_bytes = opened.file.size();
    const end = inspectEnd(opened.file);
    if (end.kind === "foreign") throw new Error(`${opened.path}: no batch may follow its end`);
    this.framed = end.kind === "framed" ||
      (end.kind === "empty" && (opened.framed ?? options.checksums?.() ?? false));
    if (end.kind === "framed" && isSealing(end.seal)) {
      this.#ended = endsFile(end.seal) ? "file" : "server";
    }
    this.#chain = end.kind === "framed" ? end.seal.chain : 0;
    this.openedSynced_bytes = this.#size_bytes;
  }

  /** Size up to the last whole batch. */
  get size_bytes(): number {
    return this.#size_bytes;
  }

  /** Whether {@linkcode BatchFile.seal} would add nothing. */
  isSealed(what: keyof typeof ENDS): boolean {
    return !this.framed || this.#ended === "file" || this.#ended === what;
  }

  /**
   * Appends a batch.
   *
   * @param synced_bytes so much of the file is on stable storage
   * @throws {DiskError} call it again with the same batch, or write nothing more
   */
  write(batch: BatchBytes, synced_bytes: number): void {
    const torn_bytes = this.#failed === undefined ? 0 : this.cutBack();
    const framed = this.#failed ?? this.#frame(batch, synced_bytes);
    if (framed.batch !== batch) throw new Error("a failed batch must be written before others");
    this.#failed = framed;
    let done_bytes = 0;
    for (const piece of framed.pieces) {
      const skipped = Math.min(piece.length, Math.max(0, torn_bytes - done_bytes));
      if (skipped < piece.length) {
        writeFully(this.file, skipped === 0 ? piece : piece.subarray(skipped), this.path);
      }
      done_bytes += piece.length;
    }
    this.#failed = undefined;
    this.#size_bytes += framed.size_bytes;
    this.#chain = framed.chain;
    this.#ended = undefined;
  }

  /**
   * Appends the empty batch that ends a sealed file, unless it is there.
   *
   * @param what ends: the server, or the file for good
   * @throws {DiskError} as {@linkcode BatchFile.write}
   */
  seal(what: keyof typeof ENDS, synced_bytes: number): void {
    if (this.isSealed(what)) return;
    const offset = this.#size_bytes;
    this.write(SEALING[what], synced_bytes);
    if (synced_bytes === offset) this.#ended = what;
  }

  /**
   * Removes what a failed write left behind. Returns how many bytes of the batch are still there
   * because the disk would not cut them: nobody else writes here, so whatever follows the last whole
   * batch is the beginning of this one.
   *
   * @throws {DiskError} somebody else has changed the file
   */
  cutBack(): number {
    const torn_bytes = this.file.size() - this.#size_bytes;
    if (torn_bytes === 0) return 0;
    if (torn_bytes < 0 || torn_bytes > (this.#failed?.size_bytes ?? 0)) {
      throw new DiskError("write", this.path, "", "the file was changed by somebody else");
    }
    try {
      this.file.truncate(this.#size_bytes);
      return 0;
    } catch {
      return torn_bytes; // the owner logs it, and nothing is lost by it
    }
  }

  #frame(batch: BatchBytes, synced_bytes: number): Framed {
    const { clock, timestamps } = this.#options;
    const stamps = timestamps?.() ?? false;
    if (!this.framed && !stamps) return whole(batch);
    const time_s = Math.floor(clock.now_ms() / 1000);
    const stamp = stamps && batch.bytes.length > 0 ? this.#stamp(time_s) : NO_BYTES;
    const { bytes, commands } = batch;
    const length = stamp.length + bytes.length;
    const atOnce = HEAD_BYTES_MAX + length + SEAL_BYTES_MAX <= ONE_WRITE_BYTES_MAX;
    const scratch = this.#room(
      HEAD_BYTES_MAX + stamp.length + SEAL_BYTES_MAX + (atOnce ? bytes.length : 0),
    );
    const headEnd = this.framed ? writeHead(scratch, 0, length) : 0;
    if (stamp.length > 0) scratch.set(stamp, headEnd);
    const stampEnd = headEnd + stamp.length;
    if (atOnce) scratch.set(bytes, stampEnd);
    const bytesEnd = atOnce ? stampEnd + bytes.length : stampEnd;
    let chain = this.#chain;
    let end = bytesEnd;
    if (this.framed) {
      chain = crc32(scratch, headEnd, bytesEnd, chain);
      if (!atOnce) chain = crc32(bytes, 0, bytes.length, chain);
      const offset = this.#size_bytes;
      if (synced_bytes > offset) throw new Error(`${this.path}: more is synced than written`);
      const seal = { offset, length, commands, time_s, synced: synced_bytes, chain };
      end = writeSeal(scratch, bytesEnd, seal);
    }
    const pieces = atOnce
      ? [scratch.subarray(0, end)]
      : [scratch.subarray(0, bytesEnd), bytes, scratch.subarray(bytesEnd, end)];
    return { batch, pieces, size_bytes: end + (atOnce ? 0 : bytes.length), chain };
  }

  /** Redis's annotation, when a second has begun since the last one. */
  #stamp(time_s: number): Uint8Array {
    if (time_s <= this.#stamped_s) return NO_BYTES;
    this.#stamped_s = time_s;
    return timestampLine(time_s);
  }

  #room(size_bytes: number): Uint8Array {
    if (this.#scratch.length < size_bytes) {
      let wider = Math.max(SCRATCH_BYTES_MIN, 2 * this.#scratch.length);
      while (wider < size_bytes) wider *= 2;
      this.#scratch = new Uint8Array(wider);
    }
    return this.#scratch;
  }
}

function whole(batch: BatchBytes): Framed {
  return { batch, pieces: [batch.bytes], size_bytes: batch.bytes.length, chain: 0 };
}
