/**
 * What GEOSEARCH, GEORADIUS and their kin are asked for. Arguments are read in Redis's order, so that
 * of two errors the same one is answered.
 */

import { NONE, type Ref } from "../keyspace/database.ts";
import { latitudeOf, longitudeOf, type Point } from "../types/geo/cell.ts";
import type { Shape } from "../types/geo/shape.ts";
import { Zset } from "../types/zset/zset.ts";
import { type Context, SYNTAX_ERROR } from "./context.ts";
import { numberAt, pointAt, unitAt } from "./geo_arguments.ts";

const NO_MEMBER = "ERR could not decode requested zset member";
const NEGATIVE_RADIUS = "ERR radius cannot be negative";
const NEGATIVE_BOX = "ERR height or width cannot be negative";
const NO_COUNT = "ERR COUNT must be > 0";
const ANY_ALONE = "ERR the ANY argument requires COUNT argument";
const NOT_WITH = "is not compatible with WITHDIST, WITHHASH and WITHCOORD options";

const zset = new Zset();

/** A command's own form. */
export interface SearchForm {
  /** The centre: in the arguments behind the key, or named by options. */
  readonly center: "coordinates" | "member" | "options";
  /** Argument of the key that is searched. */
  readonly key: number;
  /** Where the result goes: to argument 1, to where an option says, or back to the client. */
  readonly stores: "always" | "option" | "never";
}

/** What is asked for. */
export interface SearchRequest {
  /** Undefined: there is no such key, so that nothing can be found. */
  shape: Shape | undefined;
  withDistance: boolean;
  withHash: boolean;
  withPoint: boolean;
  /** Order by distance; undefined: none. */
  order: "asc" | "desc" | undefined;
  /** How many are wanted; 0: all. */
  count: number;
  /** The first that are found will do. */
  firstFound: boolean;
  /** Argument of the key that the result is stored under; 0: it is answered. */
  storeKey: number;
  /** Whether distances are stored, not geohashes. */
  storesDistance: boolean;
}

/** Reads the arguments of one command; each method answers undefined or false after an error. */
export class SearchReader {
  readonly #ctx: Context;
  readonly #ref: Ref;
  readonly #form: SearchForm;
  #center: Point | undefined;
  #centerFrom: "member" | "coordinates" | undefined;
  #area: Pick<Shape, "form" | "unit_m"> | undefined;
  readonly #request: SearchRequest = {
    shape: undefined,
    withDistance: false,
    withHash: false,
    withPoint: false,
    order: undefined,
    count: 0,
    firstFound: false,
    storeKey: 0,
    storesDistance: false,
  };

  /** @param ref the record that is searched, a sorted set or NONE. */
  constructor(ctx: Context, ref: Ref, form: SearchForm) {
    this.#ctx = ctx;
    this.#ref = ref;
    this.#form = form;
  }

  /** The request. Undefined: an error has been answered. */
  read(): SearchRequest | undefined {
    const { center, key, stores } = this.#form;
    let first = key + 1;
    if (stores === "always") this.#request.storeKey = 1;
    if (center === "coordinates") {
      if (!this.#readCoordinates(2) || !this.#readRadius(4)) return undefined;
      first = 6;
    } else if (center === "member") {
      first = 5;
      // Without a key not even the radius is looked at.
      const given = this.#ref === NONE || (this.#readMember(2) && this.#readRadius(3));
      if (!given) return undefined;
    }
    return this.#readOptions(first) && this.#isWhole() ? this.#complete() : undefined;
  }

  #refuse(error: string): false {
    this.#ctx.reply.error(error);
    return false;
  }

  #readOptions(first: number): boolean {
    const { args } = this.#ctx;
    for (let i = first; i < args.count;) {
      const used = this.#readFlag(i) || this.#readValue(i, args.count - i - 1);
      if (used === 0) return this.#refuse(SYNTAX_ERROR);
      if (used < 0) return false;
      i += used;
    }
    return true;
  }

  /** An option of one word; returns how many arguments it took. */
  #readFlag(i: number): number {
    const { args } = this.#ctx;
    const request = this.#request;
    if (args.is(i, "WITHDIST")) request.withDistance = true;
    else if (args.is(i, "WITHHASH")) request.withHash = true;
    else if (args.is(i, "WITHCOORD")) request.withPoint = true;
    else if (args.is(i, "ANY")) request.firstFound = true;
    else if (args.is(i, "ASC")) request.order = "asc";
    else if (args.is(i, "DESC")) request.order = "desc";
    else if (this.#form.stores === "always" && args.is(i, "STOREDIST")) {
      request.storesDistance = true;
    } else return 0;
    return 1;
  }

  /**
   * An option that is followed by others, of which there are `left`; returns how many arguments it
   * took, 0: it is none, -1: an error has been answered.
   */
  #readValue(i: number, left: number): number {
    const { args } = this.#ctx;
    const { stores, center } = this.#form;
    if (left >= 1 && args.is(i, "COUNT")) return this.#readCount(i + 1) ? 2 : -1;
    if (left >= 1 && stores === "option" && (args.is(i, "STORE") || args.is(i, "STOREDIST"))) {
      this.#request.storeKey = i + 1;
      this.#request.storesDistance = args.is(i, "STOREDIST");
      return 2;
    }
    if (center !== "options") return 0;
    if (left >= 1 && this.#centerFrom !== "coordinates" && args.is(i, "FROMMEMBER")) {
      this.#centerFrom = "member";
      return this.#ref === NONE || this.#readMember(i + 1) ? 2 : -1;
    }
    if (left >= 2 && this.#centerFrom !== "member" && args.is(i, "FROMLONLAT")) {
      this.#centerFrom = "coordinates";
      return this.#readCoordinates(i + 1) ? 3 : -1;
    }
    const form = this.#area?.form;
    const isBox = form !== undefined && "width" in form;
    if (left >= 2 && !isBox && args.is(i, "BYRADIUS")) return this.#readRadius(i + 1) ? 3 : -1;
    if (left >= 3 && (form === undefined || isBox) && args.is(i, "BYBOX")) {
      return this.#readBox(i + 1) ? 4 : -1;
    }
    return 0;
  }

  #readCount(i: number): boolean {
    const count = this.#ctx.integer(i);
    if (count === undefined) return false;
    if (count <= 0) return this.#refuse(NO_COUNT);
    this.#request.count = Number(count);
    return true;
  }

  #readCoordinates(i: number): boolean {
    this.#center = pointAt(this.#ctx, i);
    return this.#center !== undefined;
  }

  #readMember(i: number): boolean {
    const { args, db } = this.#ctx;
    zset.open(db, this.#ref);
    if (!zset.find(args.buf, args.start(i), args.end(i))) return this.#refuse(NO_MEMBER);
    this.#center = { longitude: longitudeOf(zset.score), latitude: latitudeOf(zset.score) };
    return true;
  }

  #readRadius(i: number): boolean {
    const radius = numberAt(this.#ctx, i, "ERR need numeric radius");
    if (radius === undefined) return false;
    if (radius < 0) return this.#refuse(NEGATIVE_RADIUS);
    return this.#setArea({ radius }, i + 1);
  }

  #readBox(i: number): boolean {
    const width = numberAt(this.#ctx, i, "ERR need numeric width");
    if (width === undefined) return false;
    const height = numberAt(this.#ctx, i + 1, "ERR need numeric height");
    if (height === undefined) return false;
    if (height < 0 || width < 0) return this.#refuse(NEGATIVE_BOX);
    return this.#setArea({ width, height }, i + 2);
  }

  #setArea(form: Shape["form"], i: number): boolean {
    const unit_m = unitAt(this.#ctx, i);
    if (unit_m === undefined) return false;
    this.#area = { form, unit_m };
    return true;
  }

  /** Whether the options go together, and none is missing. */
  #isWhole(): boolean {
    const { withDistance, withHash, withPoint, storeKey, firstFound, count } = this.#request;
    if (storeKey > 0 && (withDistance || withHash || withPoint)) {
      const what = this.#form.stores === "always" ? "GEOSEARCHSTORE" : "STORE option in GEORADIUS";
      return this.#refuse(`ERR ${what} ${NOT_WITH}`);
    }
    if (this.#form.center === "options") {
      if (this.#centerFrom === undefined) return this.#refuseMissing("FROMMEMBER or FROMLONLAT");
      if (this.#area === undefined) return this.#refuseMissing("BYRADIUS and BYBOX");
    }
    return firstFound && count === 0 ? this.#refuse(ANY_ALONE) : true;
  }

  #refuseMissing(options: string): false {
    const name = this.#ctx.args.text(0);
    return this.#refuse(`ERR exactly one of ${options} can be specified for ${name}`);
  }

  #complete(): SearchRequest {
    const request = this.#request;
    if (this.#ref === NONE || this.#center === undefined) return request;
    request.shape = { center: this.#center, ...this.#area! };
    // The nearest are meant where only some are wanted.
    if (request.count > 0 && !request.firstFound) request.order ??= "asc";
    return request;
  }
}
