/**
 * Replaces a log by a new one: a base file with the data of one moment, written as commands, and an
 * incremental file for what comes after. CONFIG SET appendonly yes needs it, and it is the cure
 * after a failed fsync.
 *
 *     temp-appendonly.aof.base, temp-appendonly.aof.incr   while it is being made
 *     appendonly.aof.2.base.aof, appendonly.aof.2.incr.aof  once the manifest names them
 *
 * Promise: until the new manifest is in place the old log, whole, is what a restart finds; from
 * then on it is the new one. There is no moment without either.
 */

import type { DiskFile } from "../../platform/disk.ts";
import type { AofDirectory } from "./directory.ts";
import { joinPath, writeFully } from "../files.ts";
import type { Manifest, ManifestFile } from "./manifest.ts";

/** Smaller chunks are gathered to pieces of about this size before they are written. */
const PIECE_BYTES = 256 * 1024;

/** A new log in the making. */
export class AofRewrite {
  readonly #directory: AofDirectory;
  readonly #base: DiskFile;
  readonly #piece = new Uint8Array(PIECE_BYTES);
  #pieceLength = 0;
  #base_bytes = 0;
  #state: "open" | "installed" | "aborted" = "open";
  /**
   * The new incremental file: every change after the moment of the base goes here. It belongs to
   * the writer that it is given to; {@linkcode AofRewrite.abort} leaves closing it to that writer.
   */
  readonly incr: DiskFile;
  /** The path that `incr` will have once installed. */
  readonly incrPath: string;
  readonly #seqs: { readonly base: number; readonly incr: number };

  /**
   * Begins; an unfinished earlier attempt is thrown away.
   *
   * @throws {DiskError} the files cannot be made; the old log is as it was
   */
  constructor(directory: AofDirectory) {
    const { disk } = directory.options;
    const { base, incrs } = directory.manifest;
    this.#directory = directory;
    this.#seqs = {
      base: directory.freeSeq("base", (base?.seq ?? 0) + 1),
      incr: directory.freeSeq("incr", (incrs.at(-1)?.seq ?? 0) + 1),
    };
    this.incrPath = joinPath(directory.path, this.#name("incr"));
    this.#base = disk.open(this.#temporary("base"), "replace");
    try {
      this.incr = disk.open(this.#temporary("incr"), "replace");
    } catch (error) {
      this.#base.close();
      throw error;
    }
  }

  /** Bytes of the base so far. */
  get base_bytes(): number {
    return this.#base_bytes;
  }

  /**
   * Writes encoded commands to the base.
   *
   * @throws {DiskError} call {@linkcode AofRewrite.abort}
   */
  write(chunk: Uint8Array): void {
    if (this.#state !== "open") throw new Error(`the rewrite is ${this.#state}`);
    this.#base_bytes += chunk.length;
    if (this.#pieceLength + chunk.length > PIECE_BYTES) this.#writePiece();
    if (chunk.length > PIECE_BYTES) {
      writeFully(this.#base, chunk, this.#temporary("base"));
    } else {
      this.#piece.set(chunk, this.#pieceLength);
      this.#pieceLength += chunk.length;
    }
  }

  /** Writes all chunks of an iterator to the base. */
  async writeAll(chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>): Promise<void> {
    for await (const chunk of chunks) this.write(chunk);
  }

  /**
   * Puts the new log in the place of the old one, which is then removed.
   *
   * @throws {DiskError} call {@linkcode AofRewrite.abort}
   */
  install(): void {
    if (this.#state !== "open") throw new Error(`the rewrite is ${this.#state}`);
    const { disk } = this.#directory.options;
    this.#writePiece();
    this.#base.sync();
    this.incr.sync();
    disk.rename(this.#temporary("base"), joinPath(this.#directory.path, this.#name("base")));
    disk.rename(this.#temporary("incr"), this.incrPath);
    disk.syncDirectory(this.#directory.path);
    this.#directory.replaceManifest(this.#newManifest());
    this.#state = "installed";
    this.#base.close();
    this.#directory.removeLeftovers();
  }

  /** Gives up: what was made is removed as far as possible, and the old log stays. */
  abort(): void {
    if (this.#state !== "open") return;
    this.#state = "aborted";
    this.#base.close();
    // A failed fsync of the directory can leave the new manifest in place: then nothing is removed,
    // because either manifest may be there after a crash of the machine.
    if (this.#directory.manifest.base?.name === this.#name("base")) return;
    const { disk, log } = this.#directory.options;
    for (const type of ["base", "incr"] as const) {
      try {
        const path = joinPath(this.#directory.path, this.#name(type));
        if (disk.stat(path) !== undefined) disk.remove(path);
      } catch (error) {
        log("warning", error instanceof Error ? error.message : String(error));
      }
    }
    this.#directory.removeLeftovers();
  }

  #newManifest(): Manifest {
    const old = this.#directory.manifest;
    const base: ManifestFile = { name: this.#name("base"), seq: this.#seqs.base, type: "base" };
    const incr: ManifestFile = { name: this.#name("incr"), seq: this.#seqs.incr, type: "incr" };
    const replaced = [...(old.base === undefined ? [] : [old.base]), ...old.incrs]
      .map((file): ManifestFile => ({ ...file, type: "history" }));
    return { base, incrs: [incr], histories: [...old.histories, ...replaced] };
  }

  #writePiece(): void {
    const piece = this.#piece.subarray(0, this.#pieceLength);
    this.#pieceLength = 0;
    writeFully(this.#base, piece, this.#temporary("base"));
  }

  #name(type: "base" | "incr"): string {
    return this.#directory.fileName(type, this.#seqs[type]);
  }

  #temporary(type: "base" | "incr"): string {
    const { path, options } = this.#directory;
    return joinPath(path, `temp-${options.appendFileName}.${type}`);
  }
}
