/** Points, distances and units as arguments, and places as replies, in the forms of Redis. */

import { Buffer } from "node:buffer";
import { parseDouble } from "../numbers/double.ts";
import { formatLongDouble, longDoubleFromNumber } from "../numbers/long_double.ts";
import type { Reply } from "../resp/reply.ts";
import { isOnMap, type Point } from "../types/geo/cell.ts";
import type { Context } from "./context.ts";
import { NOT_A_FLOAT } from "./zset_replies.ts";

const NO_UNIT = "ERR unsupported unit provided. please use M, KM, FT, MI";

/** Metres of each unit. */
const UNITS: readonly (readonly [unit: string, metres: number])[] = [
  ["M", 1],
  ["KM", 1000],
  ["FT", 0.3048],
  ["MI", 1609.34],
];

/** Decimals of a distance. */
const DECIMALS = 4;

/** Argument `i` as a number; if it is none, answers `error`: undefined. */
export function numberAt(ctx: Context, i: number, error = NOT_A_FLOAT): number | undefined {
  const value = parseDouble(ctx.args.buf, ctx.args.start(i), ctx.args.end(i));
  if (value === undefined) ctx.reply.error(error);
  return value;
}

/** Arguments `i` and `i + 1` as longitude and latitude; if they are none, answers so: undefined. */
export function pointAt(ctx: Context, i: number): Point | undefined {
  const longitude = numberAt(ctx, i);
  const latitude = longitude === undefined ? undefined : numberAt(ctx, i + 1);
  if (longitude === undefined || latitude === undefined) return undefined;
  if (isOnMap(longitude, latitude)) return { longitude, latitude };
  const pair = `${sixDecimals(longitude)},${sixDecimals(latitude)}`;
  return void ctx.reply.error(`ERR invalid longitude,latitude pair ${pair}`);
}

/** C's `%f`. */
function sixDecimals(value: number): string {
  if (!Number.isFinite(value)) return value > 0 ? "inf" : "-inf";
  if (Math.abs(value) >= 1e21) return `${BigInt(value)}.000000`; // all of these are integers
  return fixed(value, 6);
}

/** Argument `i` as a unit, in metres; if it is none, answers so: undefined. */
export function unitAt(ctx: Context, i: number): number | undefined {
  for (const [unit, metres] of UNITS) if (ctx.args.is(i, unit)) return metres;
  return void ctx.reply.error(NO_UNIT);
}

/** A distance as a reply. */
export function replyDistance(reply: Reply, distance: number): void {
  reply.bulkText(fixed(distance, DECIMALS));
}

/** C's `%.*f`: toFixed, but a tie goes to the even digit. */
function fixed(value: number, decimals: number): string {
  const text = value.toFixed(decimals);
  // A tie has exactly one decimal more than is shown, and as many binary digits after the point.
  const scaled = Math.abs(value) * 2 ** (decimals + 1);
  const isTie = Number.isInteger(scaled) && scaled % 2 === 1;
  if (!isTie || text.charCodeAt(text.length - 1) % 2 === 0) return text;
  return (value - Math.sign(value) * 10 ** -(decimals + 1)).toFixed(decimals);
}

/** A point as a reply: longitude and latitude. */
export function replyPoint(reply: Reply, longitude: number, latitude: number): void {
  reply.array(2);
  replyDegrees(reply, longitude);
  replyDegrees(reply, latitude);
}

function replyDegrees(reply: Reply, degrees: number): void {
  const text = formatLongDouble(longDoubleFromNumber(degrees));
  if (reply.resp3) reply.raw(Buffer.from(`,${text}\r\n`));
  else reply.bulkText(text);
}
