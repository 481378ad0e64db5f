/**
 * Places as numbers: a geohash of 52 bits is the score of a place in a sorted set, so that places near
 * each other mostly have scores near each other.
 *
 *     bit 51 .. 0   longitude, latitude, longitude, latitude ... the halves in which the place lies
 *
 * A cell is a square of the map at some number of steps, of halvings: its column counts from the west,
 * its row from the south.
 */

/** Halvings of the finest cells: two bits each make 52. */
export const STEPS_MAX = 26;
/** The map's edges in degrees; past the last two Mercator's projection is of no use. */
export const LONGITUDE_MAX = 180;
/** See {@linkcode LONGITUDE_MAX}. */
export const LATITUDE_MAX = 85.05112878;
/** Edge of the standard geohash's map. */
const STANDARD_LATITUDE_MAX = 90;

/** The low half of the 52 bits. */
const HALF = 2 ** 26;
const EXACT_MAX = 2 ** 53;
const DIGITS = Uint8Array.from("0123456789bcdefghjkmnpqrstuvwxyz", (digit) => digit.charCodeAt(0));
/** Digits of a standard geohash. */
export const GEOHASH_LENGTH = 11;

/** Powers of two: computing them costs more than all the rest. */
const CELLS = Array.from({ length: STEPS_MAX + 1 }, (_, steps) => 2 ** steps);
const FINEST = 2 ** STEPS_MAX;

/** A square of the map. */
export interface Cell {
  readonly column: number;
  readonly row: number;
  readonly steps: number;
}

/** A point in degrees. */
export interface Point {
  readonly longitude: number;
  readonly latitude: number;
}

/** How far an area reaches, in degrees. */
export interface CellBounds {
  readonly west: number;
  readonly east: number;
  readonly south: number;
  readonly north: number;
}

/** Whether a point lies on the map. */
export function isOnMap(longitude: number, latitude: number): boolean {
  return Math.abs(longitude) <= LONGITUDE_MAX && Math.abs(latitude) <= LATITUDE_MAX;
}

/** The cell in which a point lies. */
export function cellOf({ longitude, latitude }: Point, steps: number): Cell {
  return {
    column: offset(longitude, LONGITUDE_MAX, steps),
    row: offset(latitude, LATITUDE_MAX, steps),
    steps,
  };
}

function offset(degrees: number, max: number, steps: number): number {
  return Math.floor(((degrees + max) / (max + max)) * CELLS[steps]);
}

/** Longitude of the western edge of a column. */
export function westOf(column: number, steps: number): number {
  return edge(column, LONGITUDE_MAX, steps);
}

/** Latitude of the southern edge of a row. */
export function southOf(row: number, steps: number): number {
  return edge(row, LATITUDE_MAX, steps);
}

function edge(index: number, max: number, steps: number): number {
  return -max + (index / CELLS[steps]) * (max + max);
}

/** The score of a point: its finest cell's number. */
export function scoreOf(longitude: number, latitude: number): number {
  return interleave(
    offset(latitude, LATITUDE_MAX, STEPS_MAX),
    offset(longitude, LONGITUDE_MAX, STEPS_MAX),
  );
}

/** How many scores a cell of so many steps has. */
export function cellSize(steps: number): number {
  const side = CELLS[STEPS_MAX - steps];
  return side * side;
}

/** The place of a cell among those of as many steps: times its size, it is the first of its scores. */
export function cellNumber({ column, row }: Cell): number {
  return interleave(row, column);
}

/** Longitude of the middle of the finest cell that a score names. */
export function longitudeOf(score: number): number {
  return middle(everySecondBit(score, 1), LONGITUDE_MAX);
}

/** Its latitude. */
export function latitudeOf(score: number): number {
  return middle(everySecondBit(score, 0), LATITUDE_MAX);
}

function middle(index: number, max: number): number {
  const low = -max + (index / FINEST) * (max + max);
  const high = -max + ((index + 1) / FINEST) * (max + max);
  const degrees = (low + high) / 2;
  return degrees > max ? max : degrees < -max ? -max : degrees;
}

/**
 * Writes the place that a score names as a standard geohash, {@linkcode GEOHASH_LENGTH} bytes of
 * which the last one is always 0.
 */
export function writeGeohash(buf: Uint8Array, score: number): void {
  const number = interleave(
    offset(latitudeOf(score), STANDARD_LATITUDE_MAX, STEPS_MAX),
    offset(longitudeOf(score), LONGITUDE_MAX, STEPS_MAX),
  );
  const upper = Math.floor(number / 2 ** 27); // five digits of 5 bits; five more, and 2 bits
  const lower = number - upper * 2 ** 27;
  for (let i = 0; i < 5; i++) {
    buf[i] = DIGITS[(upper >>> (20 - 5 * i)) & 31];
    buf[5 + i] = DIGITS[(lower >>> (22 - 5 * i)) & 31];
  }
  buf[GEOHASH_LENGTH - 1] = DIGITS[0];
}

/** Puts the bits of `low` and `high`, of 27 bits at most, in turn: `low` gives bit 0. */
function interleave(low: number, high: number): number {
  const lower = spread(low & 0x1fff) | (spread(high & 0x1fff) << 1);
  const upper = spread(low >>> 13) + spread(high >>> 13) * 2;
  return upper * HALF + lower;
}

/** Moves bit i of a number of 16 bits to bit 2i. */
function spread(x: number): number {
  x = (x | (x << 8)) & 0x00ff00ff;
  x = (x | (x << 4)) & 0x0f0f0f0f;
  x = (x | (x << 2)) & 0x33333333;
  return (x | (x << 1)) & 0x55555555;
}

/** Bits 0, 2, 4 ... of a score, or 1, 3, 5 ..., as a number. */
function everySecondBit(score: number, first: 0 | 1): number {
  if (!(score >= 0 && score < EXACT_MAX)) return everySecondOfAny(score, first);
  const upper = (score / HALF) | 0;
  const lower = (score - upper * HALF) | 0;
  return (gather(upper >>> first) << 13) | gather(lower >>> first);
}

/** Moves bit 2i to bit i. */
function gather(x: number): number {
  x &= 0x55555555;
  x = (x | (x >>> 1)) & 0x33333333;
  x = (x | (x >>> 2)) & 0x0f0f0f0f;
  x = (x | (x >>> 4)) & 0x00ff00ff;
  return (x | (x >>> 8)) & 0xffff;
}

/** A score that is no geohash is read as C on x86-64 turns a double into 64 bits. */
function everySecondOfAny(score: number, first: 0 | 1): number {
  let bits = 0n;
  if (Number.isFinite(score) && score > -(2 ** 63) && score < 2 ** 64) {
    bits = BigInt.asUintN(64, BigInt(Math.trunc(score)));
  } else if (score < 0) {
    bits = 1n << 63n;
  }
  bits >>= BigInt(first);
  let result = 0;
  for (let i = 0; i < 32; i++) result += Number((bits >> BigInt(2 * i)) & 1n) * 2 ** i;
  return result;
}
