/**
 * A record table beside a plain `Map` that says what must be in it. Every step does the same to
 * both; {@linkcode TableModel.checkAll} compares all there is.
 */

import { Buffer } from "node:buffer";
import { withView } from "../../lib/memory/bytes.ts";
import { drawHashSeed } from "../../lib/memory/hash.ts";
import { NONE, RecordTable, type Ref } from "../../lib/memory/record_table.ts";
import { assert, assertEquals, assertStrictEquals } from "../kit/assert.ts";
import type { Seeded } from "../kit/flags.ts";

/** What the model knows of a record. */
export interface Expected {
  value: Buffer;
  encoding: number;
  meta: number;
  expiry: number | undefined;
}

/** How steps are drawn. */
export interface ModelOptions {
  /** How many different keys there are. */
  readonly keys: number;
  /** Longest value, in bytes; most are far shorter. */
  readonly valueLength_max: number;
}

/** A table and its model. */
export class TableModel {
  /** Key as latin1. */
  readonly expected = new Map<string, Expected>();
  readonly #noise: Buffer;

  /**
   * @param chance where everything random comes from. @param options the shape of the data. @param table
   * an empty one, or whatever `expected` will be told of.
   */
  constructor(
    readonly chance: Seeded,
    readonly options: ModelOptions,
    readonly table: RecordTable = new RecordTable(drawHashSeed(chance)),
  ) {
    this.#noise = Buffer.alloc(options.valueLength_max + 4096);
    for (let i = 0; i < this.#noise.length; i++) this.#noise[i] = chance.below(256);
  }

  /** One random operation on one random key. */
  step(): void {
    const key = this.drawKey();
    const chance = this.chance;
    const what = chance.below(100);
    if (what < 40) this.set(key, this.drawValue());
    else if (what < 55) this.remove(key);
    else if (what < 70) this.setExpiry(key, chance.chance(0.6) ? this.drawTime() : undefined);
    else if (what < 80) this.resize(key, this.drawLength());
    else if (what < 85) this.setMeta(key, chance.below(1 << 24), chance.between(1, 15));
    else if (what < 87) this.table.compact(chance.between(1, 50));
    else if (what < 90) this.setFrom(key, chance.chance(0.5) ? key : this.drawKey());
    else this.check(key);
  }

  /** A key: mostly short, one in 256 too large for a slot. */
  drawKey(): string {
    const n = this.chance.below(this.options.keys);
    if (n === 0) return "";
    if ((n & 255) === 255) return `${n}:${"long".repeat(17_000)}`;
    if ((n & 15) === 7) return `${n}:${"medium".repeat(n % 90)}`;
    return `k${n}`;
  }

  /** Length of a value: mostly small. */
  drawLength(): number {
    const { chance, options } = this;
    const kind = chance.below(1000);
    const max = kind < 900 ? 64 : kind < 980 ? 600 : kind < 998 ? 9000 : options.valueLength_max;
    return chance.between(0, Math.min(max, options.valueLength_max));
  }

  /** Bytes of noise; a view. */
  drawValue(): Buffer {
    const from = this.chance.below(4096);
    return this.#either(this.#noise.subarray(from, from + this.drawLength()) as Buffer);
  }

  /** A moment, past what 32 bits hold. */
  drawTime(): number {
    return 1_700_000_000_000 + this.chance.below(2 ** 40);
  }

  /** The record of a key. */
  find(key: string): Ref {
    // The key stands somewhere inside a larger buffer, as an argument does.
    const buf = this.#either(Buffer.from(`<${key}>`, "latin1"));
    return this.table.find(buf, 1, buf.length - 1);
  }

  /** Adds the key or gives it another value. */
  set(key: string, value: Buffer): void {
    const known = this.expected.get(key);
    const ref = this.find(key);
    const encoding = this.chance.between(1, 15);
    if (known === undefined) {
      assertStrictEquals(ref, NONE);
      const meta = this.chance.below(1 << 24);
      const buf = this.#either(Buffer.from(key, "latin1"));
      this.table.insert(buf, 0, buf.length, encoding, meta, value, 0, value.length);
      this.expected.set(key, { value: Buffer.from(value), encoding, meta, expiry: undefined });
    } else {
      this.table.setValue(ref, encoding, value, 0, value.length);
      known.value = Buffer.from(value);
      known.encoding = encoding;
    }
  }

  /** Gives the key a part of the value of another or of its own, as it stands in the table. */
  setFrom(key: string, other: string): void {
    const known = this.expected.get(key);
    if (known === undefined || !this.expected.has(other)) return;
    const { chance, table } = this;
    table.locate(this.find(other));
    const { bytes, valueStart, valueEnd } = table;
    const from = chance.between(valueStart, valueEnd);
    const to = chance.between(from, valueEnd);
    known.value = Buffer.from(bytes.subarray(from, to));
    table.setValue(this.find(key), known.encoding, bytes, from, to);
  }

  /** Takes the key out, if it is there. */
  remove(key: string): void {
    const ref = this.find(key);
    assertStrictEquals(ref !== NONE, this.expected.delete(key));
    if (ref !== NONE) this.table.remove(ref);
  }

  /** Sets or ends the expiry of the key, if it is there. */
  setExpiry(key: string, at_ms: number | undefined): void {
    const known = this.expected.get(key);
    if (known === undefined) return;
    const ref = this.table.setExpiry(this.find(key), at_ms);
    known.expiry = at_ms;
    this.#compare(ref, key, known);
  }

  /** Changes the length of the value of the key, if it is there. */
  resize(key: string, length: number): void {
    const known = this.expected.get(key);
    if (known === undefined) return;
    const ref = this.table.resizeValue(this.find(key), length);
    const resized = Buffer.alloc(length);
    known.value.copy(resized);
    known.value = resized;
    this.#compare(ref, key, known);
  }

  /** Sets the owner's bits of the key, if it is there. */
  setMeta(key: string, meta: number, encoding: number): void {
    const known = this.expected.get(key);
    if (known === undefined) return;
    const ref = this.find(key);
    this.table.setMeta(ref, meta);
    this.table.setEncoding(ref, encoding);
    known.meta = meta;
    known.encoding = encoding;
  }

  /** Compares one key. */
  check(key: string): void {
    const known = this.expected.get(key);
    const ref = this.find(key);
    if (known === undefined) assertStrictEquals(ref, NONE, key);
    else this.#compare(ref, key, known);
  }

  /** Compares everything: each key by name, and what scans and sizes tell. */
  checkAll(): void {
    const { table, expected } = this;
    assertEquals(table.size, expected.size);
    let expiring = 0;
    for (const [key, known] of expected) {
      this.check(key);
      if (known.expiry !== undefined) expiring++;
    }
    assertEquals(table.expiringSize, expiring);
    assertEquals(this.#scanned((cursor, visit) => table.scan(cursor, visit)), expected.size);
    assertEquals(this.#scanned((cursor, visit) => table.scanExpiring(cursor, visit)), expiring);
    let visited = 0;
    let bytes = table.indexBytes;
    table.forEach((ref) => {
      visited++;
      bytes += table.recordBytes(ref);
    });
    assertEquals(visited, expected.size);
    assertEquals(table.usedBytes, bytes, "the sum of all records is what the table says it uses");
    assert(table.reservedBytes >= table.usedBytes);
  }

  /** Text of the key of a record. */
  keyOf(ref: Ref): string {
    this.table.locate(ref);
    return this.table.bytes.toString("latin1", this.table.keyStart, this.table.valueStart);
  }

  /** The same bytes, such as are moved and compared fast or any others. */
  #either(bytes: Buffer): Buffer {
    return this.chance.chance(0.5) ? withView(Buffer.from(bytes)) : bytes;
  }

  /** How many different records of the model a scan returns. */
  #scanned(scan: (cursor: number, visit: (ref: Ref) => void) => number): number {
    const seen = new Set<string>();
    let cursor = 0;
    do {
      cursor = scan(cursor, (ref) => {
        const key = this.keyOf(ref);
        assert(this.expected.has(key));
        seen.add(key);
      });
    } while (cursor !== 0);
    return seen.size;
  }

  #compare(ref: Ref, key: string, known: Expected): void {
    const { table } = this;
    assert(ref !== NONE, `the key ${key.slice(0, 20)} is there`);
    assertStrictEquals(this.keyOf(ref), key);
    const same = table.bytes.compare(
      known.value,
      0,
      known.value.length,
      table.valueStart,
      table.valueEnd,
    );
    assertStrictEquals(same, 0, `the value of ${key.slice(0, 20)} differs`);
    assertStrictEquals(table.encoding(ref), known.encoding);
    assertStrictEquals(table.meta(ref), known.meta);
    assertStrictEquals(table.expiry(ref), known.expiry);
  }
}
