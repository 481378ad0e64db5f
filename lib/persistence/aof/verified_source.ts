/**
 * A file of a log as the decoder gets it: of a framed file only the commands of batches that have
 * been verified, one batch after the other; of others, and of what another server has appended, the
 * bytes as they are. When there is no more, `end` says whether the file is whole, has a torn tail, or
 * is damaged (lib/persistence/README.md, rule 2).
 *
 * Promise: no byte of a batch is given before all of it fits its checksum. Memory: 1 MiB; a batch
 * that is longer is read twice.
 */

import type { DiskFile } from "../../platform/disk.ts";
import { endsFile, readAt } from "./file_end.ts";
import {
  crc32,
  HEAD_BYTES_MAX,
  looksForeign,
  parseHead,
  parseSeal,
  SEAL_BYTES_MAX,
} from "./frames.ts";
import { findSeal, hasHead, isZeroFrom } from "./seal_scan.ts";

const WINDOW_BYTES = 1024 * 1024;
/** Up to this length a loop copies faster than `set` on a view. */
const LOOP_BYTES_MAX = 48;
const START_BYTES = 32;
const LF = 10;
const ENDS_WITHIN = "the file ends within the batch";
const CHECKSUM = "the checksum does not fit the bytes";

/** What is behind the last byte that was given. */
export type SourceEnd =
  /** Nothing. */
  | { readonly kind: "whole" }
  /** What never was on stable storage for certain; to be cut at `offset`. */
  | { readonly kind: "torn"; readonly offset: number; readonly reason: string }
  /** What once was on stable storage, and is no longer what it was. */
  | { readonly kind: "damaged"; readonly offset: number; readonly reason: string };

/** See above. */
export class VerifiedSource {
  readonly #file: DiskFile;
  readonly #size_bytes: number;
  /** Bytes of the file from `#windowStart` on. */
  #window = new Uint8Array(0);
  #windowStart = 0;
  #windowLength = 0;
  /** What is verified and not yet given: from here on in the file, so many bytes. */
  #giveFrom = 0;
  #giveLength = 0;
  #given_bytes = 0;
  #offset: number;
  #chain = 0;
  #raw: boolean;
  #end: SourceEnd | undefined;
  /** Whether the file is framed. */
  readonly framed: boolean;
  /** Where bytes of another server begin, behind the last batch of a framed file. */
  foreignFrom: number | undefined;
  /** Batches verified, those without commands included. */
  batches = 0;
  /** Commands in them, by their seals. */
  commands = 0;
  /** Time of the first and of the last of them, in seconds since the epoch. */
  first_s: number | undefined;
  last_s: number | undefined;
  /** Whether the batch verified last is the empty one that ends a file for good. */
  sealed = false;
  /** Offset in the file of a byte given last, minus its offset among all that were given. */
  delta = 0;

  /**
   * @param file open for reading; nobody else may read it as long as this is used
   * @param from_bytes what is before this offset is something else, an RDB
   * @param begunFramed whether the manifest says that it is framed
   * @throws {DiskError} it cannot be read
   */
  constructor(file: DiskFile, from_bytes = 0, begunFramed = false) {
    this.#file = file;
    this.#size_bytes = file.size();
    this.#offset = from_bytes;
    this.framed = from_bytes === 0 && isFramed(file, begunFramed);
    this.#raw = !this.framed;
    if (this.#raw) file.seek(from_bytes);
  }

  /** Bytes given so far. */
  get given_bytes(): number {
    return this.#given_bytes;
  }

  /** Everything before this offset has been given, or is a frame. */
  get offset(): number {
    return this.#offset - this.#giveLength;
  }

  /** Known as soon as {@linkcode VerifiedSource.read} has returned 0. */
  get end(): SourceEnd {
    if (this.#end === undefined) throw new Error("the source has not come to its end");
    return this.#end;
  }

  /**
   * Gives the next bytes, of one batch at most; 0: there are no more.
   *
   * @throws {DiskError} the file cannot be read
   */
  read(into: Uint8Array): number {
    if (into.length === 0) throw new RangeError("no room to read into");
    if (!this.#raw && this.#giveLength === 0) this.#verifyNext();
    if (this.#raw) return this.#readRaw(into);
    const count = Math.min(this.#giveLength, into.length);
    if (count === 0) return 0;
    this.delta = this.#giveFrom - this.#given_bytes;
    const given = this.#copy(into, count);
    this.#giveFrom += given;
    this.#giveLength -= given;
    this.#given_bytes += given;
    return given;
  }

  #readRaw(into: Uint8Array): number {
    this.delta = this.#offset - this.#given_bytes;
    const count = this.#file.read(into) ?? 0;
    if (count === 0) this.#end = { kind: "whole" };
    this.#offset += count;
    this.#given_bytes += count;
    return count;
  }

  /** Copies what is to be given next, from the window or, of a long batch, from the file. */
  #copy(into: Uint8Array, count: number): number {
    const from = this.#giveFrom - this.#windowStart;
    if (from < 0 || from + count > this.#windowLength) {
      this.#file.seek(this.#giveFrom);
      return this.#file.read(into.subarray(0, count)) ?? 0;
    }
    const window = this.#window;
    if (count > LOOP_BYTES_MAX) into.set(window.subarray(from, from + count));
    else for (let i = 0; i < count; i++) into[i] = window[from + i];
    return count;
  }

  /** Verifies batches up to one that has commands, or ends. */
  #verifyNext(): void {
    while (this.#end === undefined && this.#giveLength === 0 && !this.#raw) {
      if (this.#offset === this.#size_bytes) {
        this.#end = { kind: "whole" };
        return;
      }
      const reason = this.#verifyBatch();
      if (reason !== undefined) this.#stop(reason);
    }
  }

  /** Verifies the batch at `#offset`; returns what is wrong with it. */
  #verifyBatch(): string | undefined {
    const start = this.#offset;
    this.#load(start, HEAD_BYTES_MAX);
    const at = start - this.#windowStart;
    const head = parseHead(this.#window, at, this.#windowLength);
    if (head === undefined) return "no batch begins here";
    const commandsAt = this.#windowStart + head.end;
    const sealAt = commandsAt + head.length;
    if (sealAt >= this.#size_bytes) return ENDS_WITHIN;
    const chain = this.#checksum(commandsAt, sealAt);
    this.#load(sealAt, SEAL_BYTES_MAX);
    const parsed = parseSeal(this.#window, sealAt - this.#windowStart, this.#windowLength);
    if (parsed === undefined) {
      const rest = this.#window.subarray(sealAt - this.#windowStart, this.#windowLength);
      const isCut = rest.length < SEAL_BYTES_MAX && !rest.includes(LF);
      return isCut ? ENDS_WITHIN : "the batch has no seal";
    }
    const { seal, end } = parsed;
    if (seal.offset !== start || seal.length !== head.length) return "the seal is of another batch";
    if (seal.chain !== chain) return CHECKSUM;
    this.#chain = chain;
    this.#offset = this.#windowStart + end;
    this.#giveFrom = commandsAt;
    this.#giveLength = head.length;
    this.batches++;
    if (head.length > 0) this.commands += seal.commands;
    this.sealed = endsFile(seal);
    if (seal.time_s === 0) return undefined; // it was sealed without a clock
    this.first_s ??= seal.time_s;
    this.last_s = seal.time_s;
    return undefined;
  }

  /** The checksum of a part of the file; it is in the window afterwards if it fits with its seal. */
  #checksum(from: number, to: number): number {
    if (to + SEAL_BYTES_MAX - this.#windowStart > this.#windowLength) {
      // Moving the window to the beginning of the batch keeps all of it there, if it can be.
      this.#load(from, Math.min(to + SEAL_BYTES_MAX - from, WINDOW_BYTES));
    }
    let chain = this.#chain;
    let at = from;
    while (at < to) {
      if (at >= this.#windowStart + this.#windowLength) this.#load(at, WINDOW_BYTES);
      const start = at - this.#windowStart;
      const end = Math.min(to - this.#windowStart, this.#windowLength);
      if (end <= start) return -1; // the file has become shorter: fits no seal
      chain = crc32(this.#window, start, end, chain);
      at = this.#windowStart + end;
    }
    return chain;
  }

  /** Sees to it that so many bytes from `offset` on are in the window, or all there are. */
  #load(offset: number, length: number): void {
    const wanted = Math.min(length, this.#size_bytes - offset);
    const from = offset - this.#windowStart;
    if (from >= 0 && from + wanted <= this.#windowLength) return;
    if (this.#window.length === 0) {
      this.#window = new Uint8Array(Math.min(WINDOW_BYTES, this.#size_bytes + 1));
    }
    this.#windowStart = offset;
    this.#windowLength = 0;
    this.#file.seek(offset);
    while (this.#windowLength < this.#window.length) {
      const count = this.#file.read(this.#window.subarray(this.#windowLength));
      if (count === null || count === 0) return;
      this.#windowLength += count;
      if (this.#windowLength >= wanted) return;
    }
  }

  /**
   * At `#offset` there is no batch that can be given. Seals that are not in their place are of bytes
   * that were lost or added before them - or of a log that is a value in this one; so they do not
   * count where the file is foreign, or just ends within the batch.
   */
  #stop(reason: string): void {
    const offset = this.#offset;
    const isForeign = looksForeign(readAt(this.#file, offset, START_BYTES));
    const countsAny = !isForeign && reason !== ENDS_WITHIN;
    let ours = 0;
    const wasSafe = findSeal(this.#file, offset, (seal, isInPlace) => {
      if (isInPlace) ours++;
      return (isInPlace || countsAny) && seal.synced > offset;
    });
    if (wasSafe) {
      this.#end = { kind: "damaged", offset, reason };
    } else if (ours === 0 && isForeign) {
      this.foreignFrom = offset;
      this.#raw = true;
      this.#file.seek(offset);
    } else {
      this.#end = { kind: "torn", offset, reason };
    }
  }
}

/** Whether frames begin a file: also when its first bytes are a hole that a crash has left. */
function isFramed(file: DiskFile, begunFramed: boolean): boolean {
  const start = readAt(file, 0, START_BYTES);
  if (start.length === 0 || looksForeign(start)) return false;
  if (parseHead(start, 0, start.length) !== undefined) return true;
  if (begunFramed || findSeal(file, 0, (_seal, isInPlace) => isInPlace)) return true;
  const intact = /^#?B?:?[0-9]*\r?\n?/.exec(String.fromCharCode(...start))![0].length;
  if (isZeroFrom(file, intact)) return true;
  return start[intact] === 0 && hasHead(file); // a crash leaves zeros there, and nothing else
}
