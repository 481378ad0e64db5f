/**
 * The names of an archive's objects. They are its index: each says what the object holds and what
 * its checksum must be, so that storing an object is the one step that counts.
 *
 *     h1.c7.5d0c2f61                    the catalog (catalog.ts) of history 1, its 7th version
 *     h1.b2.0.1048576.8f3a12bc          base 2: 1048576 bytes from offset 0 on
 *     h1.i3.4096.512.00e1b2c3           incremental file 3: 512 bytes from offset 4096 on
 *
 * The last field is the CRC-32 of the content. A **history** is the log of one server; another one
 * is begun when the log no longer continues what is archived (it was begun anew, or cut).
 */

import { crc32 } from "../aof/frames.ts";

/** Which file of a log: `b2` is base 2, `i3` is incremental file 3. */
export type PartKey = `${"b" | "i"}${number}`;

/** A run of bytes of one file of the log. */
export interface Chunk {
  /** Where it begins in the file, in bytes. */
  readonly offset: number;
  /** Its length in bytes. */
  readonly length: number;
  /** CRC-32 of its bytes. */
  readonly crc: number;
}

/** What the names of a history's objects say. */
export interface HistoryObjects {
  /** Versions of the catalog: number to the CRC-32 of its text. */
  readonly catalogs: Map<number, number>;
  /** The chunks of each file, in no order; they may overlap. */
  readonly chunks: Map<PartKey, Chunk[]>;
}

const NUMBER = "(0|[1-9][0-9]{0,14})";
const CATALOG = new RegExp(`^h${NUMBER}\\.c${NUMBER}\\.([0-9a-f]{8})$`);
const CHUNK = new RegExp(`^h${NUMBER}\\.([bi]${NUMBER})\\.${NUMBER}\\.${NUMBER}\\.([0-9a-f]{8})$`);

/** The name of a version of a catalog. */
export function catalogName(history: number, version: number, crc: number): string {
  return `h${history}.c${version}.${hex(crc)}`;
}

/** The name of a chunk. */
export function chunkName(history: number, part: PartKey, { offset, length, crc }: Chunk): string {
  return `h${history}.${part}.${offset}.${length}.${hex(crc)}`;
}

/** Sorts the names of objects by history; names of anything else are passed over. */
export function readNames(names: Iterable<string>): Map<number, HistoryObjects> {
  const histories = new Map<number, HistoryObjects>();
  const of = (history: number) => {
    let objects = histories.get(history);
    if (objects === undefined) {
      objects = { catalogs: new Map(), chunks: new Map() };
      histories.set(history, objects);
    }
    return objects;
  };
  for (const name of names) {
    const catalog = CATALOG.exec(name);
    if (catalog !== null) {
      of(Number(catalog[1])).catalogs.set(Number(catalog[2]), parseInt(catalog[3], 16));
      continue;
    }
    const found = CHUNK.exec(name);
    if (found === null) continue;
    const { chunks } = of(Number(found[1]));
    const key = found[2] as PartKey;
    const chunk = {
      offset: Number(found[4]),
      length: Number(found[5]),
      crc: parseInt(found[6], 16),
    };
    chunks.set(key, [...chunks.get(key) ?? [], chunk]);
  }
  return histories;
}

/**
 * The chunks that make up a file from its beginning on, without a gap: of those that begin at the
 * same offset the longest. The rest is superseded, or lies behind a gap.
 */
export function chain(chunks: readonly Chunk[]): { whole: Chunk[]; rest: Chunk[] } {
  const whole: Chunk[] = [];
  const longest = new Map<number, Chunk>();
  for (const chunk of chunks) {
    if (chunk.length > (longest.get(chunk.offset)?.length ?? 0)) longest.set(chunk.offset, chunk);
  }
  for (let end = 0, next; (next = longest.get(end)) !== undefined; end += next.length) {
    whole.push(next);
  }
  const used = new Set(whole);
  return { whole, rest: chunks.filter((chunk) => !used.has(chunk)) };
}

/** CRC-32 of a whole object. */
export function checksumOf(bytes: Uint8Array): number {
  return crc32(bytes, 0, bytes.length, 0);
}

function hex(crc: number): string {
  return crc.toString(16).padStart(8, "0");
}
