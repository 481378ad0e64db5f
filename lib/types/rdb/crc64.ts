/**
 * CRC-64 "Jones", the checksum of RDB files and DUMP payloads.
 *
 *     reflected polynomial 95ac9329ac4bc9b5, start 0, no final xor;
 *     of "123456789" it is e9c6d914c4b8d9ca
 *
 * A checksum is kept as two halves of 32 bits. Eight bytes are taken per step ("slicing"): table k
 * holds what a byte becomes after k more zero bytes. Long runs go to a module (`crc64_module.ts`).
 */

import { CRC_ROOM, CRC_ROOM_BYTES, CRC_SLICES, CRC_TABLES, makeCrcModule } from "./crc64_module.ts";

const POLYNOMIAL_LOW = 0xac4bc9b5 | 0;
const POLYNOMIAL_HIGH = 0x95ac9329 | 0;
const SLICES = 8;
/** Runs from this length on pay for the module that is made for them: 3 ms, once. */
const LONG_BYTES = 1 << 14;

/** Table k, entry i is at 256 * k + i. */
const lows = new Int32Array(CRC_SLICES * 256);
const highs = new Int32Array(CRC_SLICES * 256);

fillTables();

function fillTables(): void {
  for (let byte = 0; byte < 256; byte++) {
    let low = byte;
    let high = 0;
    for (let bit = 0; bit < 8; bit++) {
      const odd = low & 1;
      low = (low >>> 1) | (high << 31);
      high >>>= 1;
      if (odd === 1) {
        low ^= POLYNOMIAL_LOW;
        high ^= POLYNOMIAL_HIGH;
      }
    }
    lows[byte] = low;
    highs[byte] = high;
  }
  for (let i = 256; i < CRC_SLICES * 256; i++) {
    const low = lows[i - 256];
    const high = highs[i - 256];
    lows[i] = ((low >>> 8) | (high << 24)) ^ lows[low & 0xff];
    highs[i] = (high >>> 8) ^ highs[low & 0xff];
  }
}

/** Takes long runs into a checksum, in memory of its own. */
class LongRuns {
  readonly #module = makeCrcModule();
  readonly #words = new Int32Array(this.#module.memory);
  readonly #room = new Uint8Array(this.#module.memory, CRC_ROOM, CRC_ROOM_BYTES);

  constructor() {
    const table = CRC_TABLES / 4;
    for (let i = 0; i < lows.length; i++) {
      this.#words[table + 2 * i] = lows[i];
      this.#words[table + 2 * i + 1] = highs[i];
    }
  }

  /** The state before and behind {@linkcode LongRuns.add}: its lower half ... */
  get low(): number {
    return this.#words[0];
  }

  /** ... and its upper. */
  get high(): number {
    return this.#words[1];
  }

  /** Begins with a state. */
  begin(low: number, high: number): void {
    this.#words[0] = low;
    this.#words[1] = high;
  }

  /** Takes `buf[start .. end)`, a multiple of {@linkcode CRC_SLICES} bytes. */
  add(buf: Uint8Array, start: number, end: number): void {
    for (let at = start; at < end; at += CRC_ROOM_BYTES) {
      const count = Math.min(end - at, CRC_ROOM_BYTES);
      this.#room.set(buf.subarray(at, at + count));
      this.#module.add(CRC_ROOM + count);
    }
  }
}

let longRuns: LongRuns | undefined;

/** A checksum that grows with the bytes it is shown. */
export class Crc64 {
  #low = 0;
  #high = 0;

  /** The lower 32 bits, unsigned. */
  get low(): number {
    return this.#low >>> 0;
  }

  /** The upper 32 bits, unsigned. */
  get high(): number {
    return this.#high >>> 0;
  }

  /** Begins anew. */
  clear(): this {
    this.#low = this.#high = 0;
    return this;
  }

  /** Adds `buf[start .. end)`. */
  update(buf: Uint8Array, start = 0, end = buf.length): this {
    if (end - start >= LONG_BYTES) start = this.#updateLong(buf, start, end);
    let low = this.#low;
    let high = this.#high;
    let at = start;
    for (; at + SLICES <= end; at += SLICES) {
      low ^= buf[at] | (buf[at + 1] << 8) | (buf[at + 2] << 16) | (buf[at + 3] << 24);
      high ^= buf[at + 4] | (buf[at + 5] << 8) | (buf[at + 6] << 16) | (buf[at + 7] << 24);
      const a = 7 * 256 + (low & 0xff);
      const b = 6 * 256 + ((low >>> 8) & 0xff);
      const c = 5 * 256 + ((low >>> 16) & 0xff);
      const d = 4 * 256 + (low >>> 24);
      const e = 3 * 256 + (high & 0xff);
      const f = 2 * 256 + ((high >>> 8) & 0xff);
      const g = 256 + ((high >>> 16) & 0xff);
      const h = high >>> 24;
      low = lows[a] ^ lows[b] ^ lows[c] ^ lows[d] ^ lows[e] ^ lows[f] ^ lows[g] ^ lows[h];
      high = highs[a] ^ highs[b] ^ highs[c] ^ highs[d] ^ highs[e] ^ highs[f] ^ highs[g] ^ highs[h];
    }
    for (; at < end; at++) {
      const i = (low ^ buf[at]) & 0xff;
      low = ((low >>> 8) | (high << 24)) ^ lows[i];
      high = (high >>> 8) ^ highs[i];
    }
    this.#low = low;
    this.#high = high;
    return this;
  }

  /** Adds most of a long run; returns where the rest begins. */
  #updateLong(buf: Uint8Array, start: number, end: number): number {
    const to = end - (end - start) % CRC_SLICES;
    longRuns ??= new LongRuns();
    longRuns.begin(this.#low, this.#high);
    longRuns.add(buf, start, to);
    this.#low = longRuns.low;
    this.#high = longRuns.high;
    return to;
  }
}
