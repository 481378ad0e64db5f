/**
 * Bytes of a log to commands with their places: the decoder, and what has to be known between
 * commands - the database, the transaction, the time.
 */

import type { FileWindow } from "../persistence/aof/file_window.ts";
import type { AofFile } from "../persistence/files.ts";
import type { Args } from "../resp/args.ts";
import { Decoder, ProtocolError } from "../resp/decoder.ts";
import type { Place, Visitor, WalkedBatch } from "./walk.ts";

/** Bytes handed to the decoder at once. */
const STEP_BYTES = 64 * 1024;
/** A tool does not know `proto-max-bulk-len`: this is more than any server has room for. */
const BULK_BYTES_MAX = 2 ** 40;
/** Between two commands stand annotations; those of a sane file fit in here. */
const ANNOTATIONS_BYTES_MAX = 16 * 1024;
const TIMESTAMP = /#TS:([0-9]{1,12})\r\n/g;

/** Reads the commands of one file. */
export class CommandFeed {
  /** Whole commands so far. */
  commands = 0;
  /** The first and the last time that an annotation told, in seconds. */
  first_s: number | undefined;
  /** See `first_s`. */
  last_s: number | undefined;
  /** A MULTI has had no EXEC yet. */
  isInTransaction = false;
  /** Where the unit under way, or the last one, begins. */
  unit_start = 0;
  /** Up to here there are whole commands and annotations. */
  whole_to = 0;
  readonly #bytes: FileWindow;
  readonly #visitor: Visitor;
  readonly #place: Place;
  #decoder: Decoder | undefined;
  /** Offset in the file of the decoder's first byte. */
  #base = 0;
  /** Where the last command, or the batch's head, ended or began: the next unit's beginning. */
  #border = 0;

  /** @param bytes of the file. */
  constructor(file: AofFile, bytes: FileWindow, visitor: Visitor) {
    this.#bytes = bytes;
    this.#visitor = visitor;
    this.#place = {
      file,
      offset: 0,
      end: 0,
      unit_start: 0,
      db: 0,
      time_s: undefined,
      batch: undefined,
      number: 0,
    };
  }

  /**
   * Takes a batch, its frame included, up to `end`. False: the visitor has had enough.
   *
   * @throws {ProtocolError} it does not consist of whole commands
   */
  batch(batch: WalkedBatch, end: number): boolean {
    this.#place.batch = batch;
    this.#setTime(batch.seal.time_s);
    this.#border = batch.seal.offset;
    const goOn = this.#take(batch.seal.offset, end);
    this.#border = end;
    if (goOn && this.whole_to !== end) throw new ProtocolError("a command has no end", end);
    return goOn;
  }

  /**
   * Takes bytes without frames. False: the visitor has had enough.
   *
   * @throws {ProtocolError} they are no commands
   */
  plain(start: number, end: number): boolean {
    this.#place.batch = undefined;
    return this.#take(start, end);
  }

  #take(start: number, end: number): boolean {
    if (this.#decoder === undefined) {
      this.#base = this.#border = start;
      this.#decoder = new Decoder(
        {
          bulkBytesMax: BULK_BYTES_MAX,
          queryBytesMax: Number.MAX_SAFE_INTEGER,
          authenticated: true,
        },
        { strict: true, bufferBytes: STEP_BYTES },
      );
    }
    const decoder = this.#decoder;
    for (let at = start; at < end;) {
      const room = decoder.space();
      const piece = this.#bytes.view(at, Math.min(end, at + Math.min(room.length, STEP_BYTES)));
      if (piece.length === 0) throw new ProtocolError("the file has become shorter", at);
      room.set(piece);
      decoder.filled(piece.length);
      at += piece.length;
      if (!this.#decode(decoder)) return false;
    }
    return true;
  }

  #decode(decoder: Decoder): boolean {
    try {
      while (decoder.next()) {
        if (!this.#command(decoder)) return false;
      }
    } finally {
      this.whole_to = this.#base + decoder.commandStart;
    }
    return true;
  }

  #command(decoder: Decoder): boolean {
    const { args } = decoder;
    const place = this.#place;
    place.offset = this.#base + decoder.commandStart;
    place.end = this.#base + decoder.commandEnd;
    if (place.batch === undefined && place.offset > this.#border) {
      this.#readTimes(this.#border, place.offset);
    }
    if (!this.isInTransaction) this.unit_start = this.#border;
    place.unit_start = this.unit_start;
    place.number = ++this.commands;
    this.#border = place.end;
    this.#follow(args);
    return this.#visitor.command?.(args, place) !== false;
  }

  /** Keeps up with what a command changes for those behind it. */
  #follow(args: Args): void {
    const length = args.length(0);
    if (length === 5) {
      if (args.count === 1 && args.is(0, "MULTI")) this.isInTransaction = true;
    } else if (length === 4) {
      if (args.is(0, "EXEC")) this.isInTransaction = false;
    } else if (length === 6) {
      if (args.count === 2 && args.is(0, "SELECT")) this.#place.db = Number(args.text(1));
    } else if (length === 7 && args.is(0, "DISCARD")) {
      this.isInTransaction = false;
    }
  }

  /** Where the last command, with its frame, ends: annotations behind it belong to the next one. */
  get last_end(): number {
    return this.#border;
  }

  /** Reads the `#TS` lines between two commands. */
  #readTimes(start: number, end: number): void {
    const from = Math.max(start, end - ANNOTATIONS_BYTES_MAX);
    const text = String.fromCharCode(...this.#bytes.peek(from, end));
    for (const [, seconds] of text.matchAll(TIMESTAMP)) this.#setTime(Number(seconds));
  }

  #setTime(time_s: number): void {
    this.#place.time_s = time_s;
    this.first_s = Math.min(this.first_s ?? time_s, time_s);
    this.last_s = Math.max(this.last_s ?? time_s, time_s);
  }
}
