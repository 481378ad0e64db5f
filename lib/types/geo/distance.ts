/**
 * Distances on the globe, in metres, by the haversine formula: as Redis works them out.
 *
 * Sines and arcsines here are the nearest doubles. Those of the C library that Redis is linked with
 * are, for glibc 2.36, in 1.4 of 1000 cases not; so some 3 of 1000 distances over more than a degree
 * differ from Redis's in the last of 17 digits.
 */

/** Redis's radius of the earth in metres. */
export const EARTH_RADIUS_M = 6372797.560856;
const RADIANS = Math.PI / 180;

/** Degrees as radians. */
export function radians(degrees: number): number {
  return degrees * RADIANS;
}

/** Radians as degrees. */
export function degrees(radians: number): number {
  return radians / RADIANS;
}

/**
 * Below this the series of sine and arcsine are worth more than the functions: a few multiplications,
 * and what is left out is less than 2^-16 of the last bit, so that the results are the same doubles.
 */
const SMALL = 2 ** -7;

/** Math.sin, faster for places near each other. */
function sine(x: number): number {
  if (x > SMALL || x < -SMALL) return Math.sin(x);
  const square = x * x;
  return x + x * (square * (-1 / 6 + square * (1 / 120 - square / 5040)));
}

/** Math.asin of what is not negative, likewise. */
function arcsine(x: number): number {
  if (x > SMALL) return Math.asin(x);
  const square = x * x;
  return x +
    x * (square * (1 / 6 + square * (3 / 40 + square * (15 / 336 + square * (105 / 3456)))));
}

/** A point to measure from: what its share of the formula comes to is worked out once. */
export class Origin {
  readonly #lambda: number;
  readonly #phi: number;
  readonly #cosPhi: number;

  /** @param longitude in degrees. @param latitude in degrees. */
  constructor(longitude: number, latitude: number) {
    this.#lambda = radians(longitude);
    this.#phi = radians(latitude);
    this.#cosPhi = Math.cos(this.#phi);
  }

  /** Distance to another point. */
  distanceTo_m(longitude: number, latitude: number): number {
    const phi = radians(latitude);
    const v = sine((radians(longitude) - this.#lambda) / 2);
    if (v === 0) return EARTH_RADIUS_M * Math.abs(phi - this.#phi); // along a meridian
    const u = sine((phi - this.#phi) / 2);
    const square = u * u + this.#cosPhi * Math.cos(phi) * v * v;
    return 2 * EARTH_RADIUS_M * arcsine(Math.sqrt(square));
  }
}

/** Distance between two points given in degrees. */
export function distance_m(
  longitude1: number,
  latitude1: number,
  longitude2: number,
  latitude2: number,
): number {
  return new Origin(longitude1, latitude1).distanceTo_m(longitude2, latitude2);
}
