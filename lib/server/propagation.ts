/**
 * From what changed to what is logged.
 *
 * A **unit** is what one command, or one EXEC, changed. Its effects gather here while it runs and
 * leave in one piece: one command as it is, several between MULTI and EXEC, each preceded by SELECT
 * where the database changes.
 *
 *     SELECT 0, MULTI, SET a 1, SELECT 3, DEL b, EXEC
 *
 * A command that arrived in canonical form and is its own effect is copied as it came, byte by byte.
 */

import { Buffer } from "node:buffer";
import type { EffectSink } from "../commands/context.ts";
import type { NumberedDatabase } from "../keyspace/shared.ts";
import type { Args } from "../resp/args.ts";
import { CommandEncoder, type Part } from "../resp/encoder.ts";

/** Takes the bytes of whole units, in order. */
export interface UnitSink {
  /** Adds `bytes[start .. end)`, which are `commands` commands. They are copied. */
  append(bytes: Uint8Array, start: number, end: number, commands: number): void;
  /** The same, but they may be copied later: they stay as they are until {@linkcode UnitSink.settle}. */
  appendLazily(bytes: Uint8Array, start: number, end: number, commands: number): void;
  /** What was added lazily is about to go. */
  settle(): void;
}

const MULTI = Buffer.from("*1\r\n$5\r\nMULTI\r\n");
const EXEC = Buffer.from("*1\r\n$4\r\nEXEC\r\n");

/** Gathers units and hands them to the log. */
export class Propagation implements EffectSink {
  readonly encoder = new CommandEncoder();
  #sink: UnitSink | undefined;
  /** The database that the log's reader has selected by now; -1: unknown. */
  #selected = -1;
  /** Effects in the unit under way, SELECTs not counted. */
  #effects = 0;
  readonly #encodedSelects = new Map<number, Buffer>();
  /** Length of the SELECT that precedes the first effect. */
  #leadBytes = 0;
  #commands = 0;

  /** Whether anybody listens. */
  get active(): boolean {
    return this.#sink !== undefined;
  }

  /** From now on units go to `sink`; undefined: nowhere. The next one selects its database. */
  attach(sink: UnitSink | undefined): void {
    this.#sink = sink;
    this.#selected = -1;
    this.#discard();
  }

  /** What follows must stand on its own: the next unit selects its database. */
  reselect(): void {
    if (this.#effects > 0) throw new Error("the log changes its file within a unit");
    this.#selected = -1;
  }

  /** Adds a command to the unit under way. */
  add(db: NumberedDatabase, parts: readonly Part[]): void {
    if (this.#sink === undefined) return;
    this.#begin(db);
    this.encoder.commandOf(parts);
  }

  /** Adds a command as it came: the arguments of a client. */
  addArgs(db: NumberedDatabase, args: Args): void {
    if (this.#sink === undefined) return;
    this.#begin(db);
    this.encoder.args(args);
  }

  /** Whether the unit under way has effects. */
  get pending(): boolean {
    return this.#effects > 0;
  }

  /**
   * A unit that is one command in canonical form, `raw[start .. end)`: the common case. The bytes are
   * to stay until {@linkcode Propagation.settle}.
   */
  single(db: NumberedDatabase, raw: Uint8Array, start: number, end: number): void {
    const sink = this.#sink;
    if (sink === undefined) return;
    if (this.#selected !== db.index) {
      const select = this.#select(db.index);
      sink.append(select, 0, select.length, 1);
      this.#selected = db.index;
    }
    sink.appendLazily(raw, start, end, 1);
  }

  /** The bytes that {@linkcode Propagation.single} was given are about to go. */
  settle(): void {
    this.#sink?.settle();
  }

  /** The unit is complete: it is handed on in one piece. */
  endUnit(): void {
    if (this.#effects === 0) return;
    const { encoder } = this;
    if (this.#effects === 1) {
      this.#sink?.append(encoder.buf, 0, encoder.length, this.#commands);
    } else {
      const unit = Buffer.concat([
        encoder.buf.subarray(0, this.#leadBytes),
        MULTI,
        encoder.buf.subarray(this.#leadBytes, encoder.length),
        EXEC,
      ]);
      this.#sink?.append(unit, 0, unit.length, this.#commands + 2);
    }
    this.#discard();
  }

  #begin(db: NumberedDatabase): void {
    if (this.#selected !== db.index) {
      const select = this.#select(db.index);
      this.encoder.raw(select, 0, select.length);
      if (this.#effects === 0) this.#leadBytes = select.length;
      this.#selected = db.index;
      this.#commands++;
    }
    this.#effects++;
    this.#commands++;
  }

  #select(index: number): Buffer {
    let encoded = this.#encodedSelects.get(index);
    if (encoded === undefined) {
      const digits = String(index);
      encoded = Buffer.from(`*2\r\n$6\r\nSELECT\r\n$${digits.length}\r\n${digits}\r\n`);
      this.#encodedSelects.set(index, encoded);
    }
    return encoded;
  }

  #discard(): void {
    this.encoder.clear();
    this.#effects = 0;
    this.#commands = 0;
    this.#leadBytes = 0;
  }
}
