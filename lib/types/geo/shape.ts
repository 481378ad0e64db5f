/**
 * What GEOSEARCH looks for: a circle or a box around a point, and the cells of the map that cover it.
 */

import {
  type Cell,
  type CellBounds,
  cellOf,
  type Point,
  southOf,
  STEPS_MAX,
  westOf,
} from "./cell.ts";
import { degrees, distance_m, EARTH_RADIUS_M, Origin, radians } from "./distance.ts";

/** A circle (`radius`) or a box (`width`, `height`), measured in units of `unit_m` metres. */
export interface Shape {
  readonly center: Point;
  readonly unit_m: number;
  readonly form:
    | { readonly radius: number }
    | { readonly width: number; readonly height: number };
}

/** Half the circumference of Mercator's map in metres. */
const MERCATOR_MAX_M = 20037726.37;

/** Degrees by which points are looked at closely that seem to lie just outside of a circle. */
const MARGIN_DEGREES = 1e-6;
/** So near to a pole meridians are so close that a circle reaches around it. */
const NEAR_POLE_DEGREES = 89;

/** Tells which points lie in a shape. */
export class ShapeTest {
  readonly #shape: Shape;
  readonly #origin: Origin;
  /** Only points that are no farther from the centre, in degrees, need be looked at closely. */
  readonly #latitudeReach: number = Infinity;
  readonly #longitudeReach: number = Infinity;

  /** @param shape what points are to lie in. */
  constructor(shape: Shape) {
    const { center, form } = this.#shape = shape;
    this.#origin = new Origin(center.longitude, center.latitude);
    if (!("radius" in form)) return;
    const { north, east } = boundingBox(shape);
    this.#latitudeReach = north - center.latitude + MARGIN_DEGREES;
    if (Math.abs(center.latitude) + this.#latitudeReach > NEAR_POLE_DEGREES) return;
    this.#longitudeReach = east - center.longitude + MARGIN_DEGREES;
  }

  /** Whether a point on this latitude may lie in the shape. */
  mayReach(latitude: number): boolean {
    return Math.abs(latitude - this.#shape.center.latitude) <= this.#latitudeReach;
  }

  /** Distance of a point from the centre in metres, if the point lies in the shape; else -1. */
  distanceTo_m(longitude: number, latitude: number): number {
    const { center, form, unit_m } = this.#shape;
    if (!this.mayReach(latitude)) return -1;
    const aside = Math.abs(longitude - center.longitude);
    if (aside > this.#longitudeReach && 360 - aside > this.#longitudeReach) return -1;
    if (!("radius" in form)) {
      const { longitude: lon, latitude: lat } = center;
      if (distance_m(longitude, latitude, longitude, lat) > (form.height * unit_m) / 2) return -1;
      if (distance_m(longitude, latitude, lon, latitude) > (form.width * unit_m) / 2) return -1;
      return this.#origin.distanceTo_m(longitude, latitude);
    }
    const distance = this.#origin.distanceTo_m(longitude, latitude);
    return distance > form.radius * unit_m ? -1 : distance;
  }
}

/**
 * The cells to be searched, in Redis's order: the one that holds the centre, then its neighbours, less
 * those that the shape cannot reach.
 */
export function coveringCells(shape: Shape): Cell[] {
  const box = boundingBox(shape);
  let steps = estimateSteps(reach_m(shape), shape.center.latitude);
  let cell = cellOf(shape.center, steps);
  if (steps > 1 && !reachesAround(cell, box)) cell = cellOf(shape.center, --steps);
  const { column, row } = cell;
  const useful = steps >= 2;
  const north = !(useful && southOf(row + 1, steps) > box.north);
  const south = !(useful && southOf(row, steps) < box.south);
  const east = !(useful && westOf(column + 1, steps) > box.east);
  const west = !(useful && westOf(column, steps) < box.west);
  const cells = [cell];
  if (north) addNeighbour(cells, 0, 1);
  if (south) addNeighbour(cells, 0, -1);
  if (east) addNeighbour(cells, 1, 0);
  if (west) addNeighbour(cells, -1, 0);
  if (north && east) addNeighbour(cells, 1, 1);
  if (north && west) addNeighbour(cells, -1, 1);
  if (south && east) addNeighbour(cells, 1, -1);
  if (south && west) addNeighbour(cells, -1, -1);
  return cells;
}

/**
 * Adds the cell so many columns to the east of the first one and rows to its north, unless it is the
 * one added last: a large shape has few, large cells, where two neighbours can be the same.
 */
function addNeighbour(cells: Cell[], east: number, north: number): void {
  const { column, row, steps } = cells[0];
  const next = { column: moved(column, east, steps), row: moved(row, north, steps), steps };
  const last = cells[cells.length - 1];
  if (next.column !== last.column || next.row !== last.row) cells.push(next);
}

/** A column or row so many further on; the map goes on at its other edge. */
function moved(index: number, by: number, steps: number): number {
  // A point on the eastern edge lies in a column past the last one: as in Redis, it stays there.
  return by === 0 ? index : (index + by) & ((1 << steps) - 1);
}

/** Distance from the centre to the farthest point of the shape. */
function reach_m({ form, unit_m }: Shape): number {
  if ("radius" in form) return form.radius * unit_m;
  const [x, y] = [form.width / 2, form.height / 2];
  return Math.sqrt(x * x + y * y) * unit_m;
}

function boundingBox({ center, form, unit_m }: Shape): CellBounds {
  const { longitude, latitude } = center;
  const height = unit_m * ("radius" in form ? form.radius : form.height / 2);
  const width = unit_m * ("radius" in form ? form.radius : form.width / 2);
  const up = degrees(height / EARTH_RADIUS_M);
  // Meridians are closest on the side of the pole.
  const nearPole = latitude < 0 ? latitude - up : latitude + up;
  const aside = degrees(width / EARTH_RADIUS_M / Math.cos(radians(nearPole)));
  return {
    west: longitude - aside,
    east: longitude + aside,
    south: latitude - up,
    north: latitude + up,
  };
}

/** How many steps give cells of about the reach of the shape. */
function estimateSteps(reach: number, latitude: number): number {
  if (reach === 0) return STEPS_MAX;
  let steps = 1;
  for (; reach < MERCATOR_MAX_M; reach *= 2) steps++;
  steps -= 2; // so that the shape is nearly always inside
  if (Math.abs(latitude) > 66) steps -= Math.abs(latitude) > 80 ? 2 : 1;
  return Math.min(Math.max(steps, 1), STEPS_MAX);
}

/** Whether a cell and its neighbours cover the box. */
function reachesAround({ column, row, steps }: Cell, box: CellBounds): boolean {
  return !(southOf(moved(row, 1, steps) + 1, steps) < box.north ||
    southOf(moved(row, -1, steps), steps) > box.south ||
    westOf(moved(column, 1, steps) + 1, steps) < box.east ||
    westOf(moved(column, -1, steps), steps) > box.west);
}
