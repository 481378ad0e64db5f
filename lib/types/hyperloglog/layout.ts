/**
 * The bytes of a HyperLogLog, which are those of a Redis string:
 *
 *     "HYLL" | encoding | 3 bytes unused | cardinality, 8 bytes little-endian | registers
 *
 * The highest bit of the cardinality says that it is out of date. Registers are 16,384 of 6 bits:
 * dense, one after another from the lowest bits on (`dense.ts`), or run-length encoded (`sparse.ts`).
 */

/** How many registers there are. */
export const REGISTERS = 1 << 14;
/** Bytes before the registers. */
export const HEADER_BYTES = 16;
/** Bytes of the registers in the dense encoding. */
export const DENSE_BYTES = (REGISTERS * 6) / 8;

/** Encoding byte of a header: all registers. */
export const DENSE = 0;
/** Encoding byte of a header: runs of registers. */
export const SPARSE = 1;

const MAGIC = [0x48, 0x59, 0x4c, 0x4c]; // HYLL
const ENCODING_AT = 4;
const CARDINALITY_AT = 8;
const CARDINALITY_BYTES = 8;
const STALE = 0x80;
/** An integer whose upper half is below this is a safe Number. */
const SAFE_HIGH = 2 ** 21;

/** Whether `bytes[start .. end)` looks like a HyperLogLog; its registers may still be corrupt. */
export function isHyperLogLog(bytes: Uint8Array, start: number, end: number): boolean {
  const length = end - start;
  if (length < HEADER_BYTES) return false;
  for (let i = 0; i < MAGIC.length; i++) if (bytes[start + i] !== MAGIC[i]) return false;
  const encoding = bytes[start + ENCODING_AT];
  return encoding === SPARSE || (encoding === DENSE && length === HEADER_BYTES + DENSE_BYTES);
}

/** The encoding of the one that begins at `start`. */
export function encodingOf(bytes: Uint8Array, start: number): number {
  return bytes[start + ENCODING_AT];
}

/** Sets the encoding of the one that begins at `start`. */
export function setEncoding(bytes: Uint8Array, start: number, encoding: number): void {
  bytes[start + ENCODING_AT] = encoding;
}

/** An empty one, sparse: a single run of zeros. */
export function emptyHyperLogLog(): Uint8Array {
  const bytes = new Uint8Array(HEADER_BYTES + 2);
  bytes.set(MAGIC);
  setEncoding(bytes, 0, SPARSE);
  bytes[HEADER_BYTES] = 0x40 | ((REGISTERS - 1) >>> 8);
  bytes[HEADER_BYTES + 1] = (REGISTERS - 1) & 0xff;
  return bytes;
}

/** The cardinality noted in the header; undefined: it is out of date. */
export function cachedCardinality(bytes: Uint8Array, start: number): number | bigint | undefined {
  const at = start + CARDINALITY_AT;
  if ((bytes[at + CARDINALITY_BYTES - 1] & STALE) !== 0) return undefined;
  const low = word(bytes, at);
  const high = word(bytes, at + 4);
  if (high < SAFE_HIGH) return high * 2 ** 32 + low;
  return (BigInt(high) << 32n) | BigInt(low);
}

/** 32 bits, unsigned, little-endian. */
function word(bytes: Uint8Array, at: number): number {
  return (bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24)) >>> 0;
}

/** Notes a cardinality in the header. */
export function cacheCardinality(bytes: Uint8Array, start: number, cardinality: number): void {
  let rest = cardinality;
  for (let i = 0; i < CARDINALITY_BYTES; i++) {
    bytes[start + CARDINALITY_AT + i] = rest % 256;
    rest = Math.floor(rest / 256);
  }
}

/** Marks the cardinality in the header as out of date. */
export function invalidateCardinality(bytes: Uint8Array, start: number): void {
  bytes[start + CARDINALITY_AT + CARDINALITY_BYTES - 1] |= STALE;
}
