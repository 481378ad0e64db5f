/** Distances on the globe, in metres, by the haversine formula: as Redis works them out. */

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

/** Distance between two points given in degrees. */
export function distance_m(
  longitude1: number,
  latitude1: number,
  longitude2: number,
  latitude2: number,
): number {
  const phi1 = radians(latitude1);
  const phi2 = radians(latitude2);
  const u = Math.sin((phi2 - phi1) / 2);
  const v = Math.sin((radians(longitude2) - radians(longitude1)) / 2);
  const square = u * u + Math.cos(phi1) * Math.cos(phi2) * v * v;
  return 2 * EARTH_RADIUS_M * Math.asin(Math.sqrt(square));
}
