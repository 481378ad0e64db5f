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
import { BatchVerifier } from "./batch_verifier.ts";
import { endsFile } from "./file_end.ts";
import { FileWindow } from "./file_window.ts";
import { beginsFramed } from "./framing.ts";

/** Up to this length a loop copies faster than `set` on a view. */
const LOOP_BYTES_MAX = 48;

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
  readonly #window: FileWindow;
  readonly #verifier: BatchVerifier;
  /** What is verified and not yet given: from here on in the file, so many bytes. */
  #giveFrom = 0;
  #giveLength = 0;
  #given_bytes = 0;
  #offset: number;
  #raw: boolean;
  #end: SourceEnd | undefined;
  /** Whether the file is framed. */
  readonly framed: boolean;
  /** Where bytes of another server begin, behind the last batch of a framed file. */
  foreignFrom: number | undefined;
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
    this.#window = new FileWindow(file);
    this.#verifier = new BatchVerifier(file, this.#window);
    this.#offset = from_bytes;
    this.framed = from_bytes === 0 && beginsFramed(file, begunFramed);
    this.#raw = !this.framed;
    if (this.#raw) file.seek(from_bytes);
  }

  /** Batches verified, those without commands included. */
  get batches(): number {
    return this.#verifier.batches;
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
    const { bytes, start, length } = this.#window;
    const from = this.#giveFrom - start;
    if (from < 0 || from + count > length) {
      this.#file.seek(this.#giveFrom);
      return this.#file.read(into.subarray(0, count)) ?? 0;
    }
    if (count > LOOP_BYTES_MAX) into.set(bytes.subarray(from, from + count));
    else for (let i = 0; i < count; i++) into[i] = bytes[from + i];
    return count;
  }

  /** Verifies batches up to one that has commands, or ends. */
  #verifyNext(): void {
    while (this.#end === undefined && this.#giveLength === 0 && !this.#raw) {
      if (this.#verifier.next()) this.#take(this.#verifier);
      else this.#stop(this.#verifier);
    }
  }

  /** The batch verified last is what is given next. */
  #take({ seal, data_start, offset }: BatchVerifier): void {
    const { length, commands, time_s } = seal!;
    this.#offset = offset;
    this.#giveFrom = data_start;
    this.#giveLength = length;
    if (length > 0) this.commands += commands;
    this.sealed = endsFile(seal!);
    if (time_s === 0) return; // it was sealed without a clock
    this.first_s ??= time_s;
    this.last_s = time_s;
  }

  #stop({ end, offset }: BatchVerifier): void {
    if (end.kind === "foreign") {
      this.foreignFrom = offset;
      this.#raw = true;
      this.#file.seek(offset);
    } else {
      this.#end = end.kind === "whole" ? end : { kind: end.kind, offset, reason: end.flaw };
    }
  }
}
