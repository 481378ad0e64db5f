/**
 * The catalog of an archive: how its files make a log, at which moments it can be begun, and where
 * it has gaps. It is a small object, stored anew whenever it changes.
 *
 *     {"redeno_archive":1,"prefix":"appendonly.aof","began_s":1699990000,"time_s":1700000100,
 *      "owner":{"id":"5a0c...","directory":"/data/appendonlydir","until_s":1700000160},
 *      "bases":[{"name":"appendonly.aof.2.base.rdb","seq":2,"size_bytes":812,
 *                "first_incr":3,"time_s":1700000000}],
 *      "incrs":[{"name":"appendonly.aof.3.incr.aof","seq":3,"size_bytes":4096},
 *               {"name":"appendonly.aof.4.incr.aof","seq":4,"size_bytes":null,
 *                "stored_bytes":512}]}
 *
 * A base is named when all of it is there. An incremental file is named before its first byte is
 * stored and has a size when all of it is there; if one without a size is not the last, its end is
 * lost: what comes behind it can be restored from a later base only.
 */

import { StorageError } from "../errors.ts";
import type { ArchiveOwner } from "./ownership.ts";

/** A base that was archived, whole. */
export interface ArchivedBase {
  /** Its file name; empty: the log began with no data and no file. */
  readonly name: string;
  /** Its number; 0: there is no file. */
  readonly seq: number;
  readonly size_bytes: number;
  /** Number of the incremental file to replay first behind it. */
  readonly first_incr: number;
  /** It holds the data of a moment no later than this; seconds since the epoch. */
  readonly time_s: number;
}

/** An incremental file. */
export interface ArchivedIncr {
  readonly name: string;
  readonly seq: number;
  /** Its size if all of it is archived; else null. */
  readonly size_bytes: number | null;
  /** Of one without a size: at least so much of it was archived when the catalog was stored. */
  readonly stored_bytes?: number;
}

/** What a catalog says. */
export interface Catalog {
  /** `appendfilename` of the server: what the manifest's name begins with. */
  readonly prefix: string;
  /** When the history's first catalog was stored, in seconds since the epoch. */
  readonly began_s: number;
  /** When this one was stored. */
  readonly time_s: number;
  /** Who writes the archive; missing: nobody does. */
  readonly owner?: ArchiveOwner;
  /** In the order of their numbers. */
  readonly bases: readonly ArchivedBase[];
  /** In the order of their numbers. */
  readonly incrs: readonly ArchivedIncr[];
}

/** A catalog that names nothing. */
export const EMPTY_CATALOG: Catalog = { prefix: "", began_s: 0, time_s: 0, bases: [], incrs: [] };

const FORMAT = 1;

/** A catalog as the bytes of its object. */
export function formatCatalog(catalog: Catalog): Uint8Array {
  const { prefix, began_s, time_s, owner, bases, incrs } = catalog;
  const fields = { redeno_archive: FORMAT, prefix, began_s, time_s, owner, bases, incrs };
  const text = JSON.stringify(fields);
  return new TextEncoder().encode(`${text}\n`);
}

/**
 * Reads a catalog.
 *
 * @throws {StorageError} it is none, or is of a later version
 */
export function parseCatalog(bytes: Uint8Array, path: string): Catalog {
  const refuse = (reason: string) => new StorageError("damaged", path, undefined, reason);
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    throw refuse("the catalog is not JSON. Remove it to use the one before, if there is one");
  }
  const { redeno_archive, prefix, began_s, time_s, owner, bases, incrs } = fields(value);
  if (redeno_archive !== FORMAT) {
    throw refuse(`an archive of version ${String(redeno_archive)}: use the redeno that made it`);
  }
  if (
    !isFileName(prefix) || !isCount(began_s) || !isCount(time_s) || !isListOf(bases, isBase) ||
    !isListOf(incrs, isIncr) || (owner !== undefined && !isOwner(owner))
  ) {
    throw refuse("the catalog does not say what it must. Remove it to use the one before");
  }
  if (!rises(bases) || !rises(incrs)) throw refuse("the numbers in the catalog do not rise");
  const catalog = { prefix, began_s, time_s, bases, incrs };
  return owner === undefined ? catalog : { ...catalog, owner };
}

/**
 * The base to begin with for the data of the moment `to_time_s` (undefined: the latest there is);
 * undefined: the catalog does not reach back that far.
 */
export function baseFor(catalog: Catalog, to_time_s: number | undefined): ArchivedBase | undefined {
  return catalog.bases.findLast(({ time_s }) => to_time_s === undefined || time_s <= to_time_s);
}

/**
 * The incremental files to replay behind a base: up to the end, to one whose end is lost, or to one
 * that is not followed by the next number: what was between them was never archived.
 */
export function runBehind(catalog: Catalog, base: ArchivedBase): readonly ArchivedIncr[] {
  const run: ArchivedIncr[] = [];
  for (const incr of catalog.incrs) {
    if (incr.seq < base.first_incr) continue;
    if (incr.seq !== base.first_incr + run.length) break;
    run.push(incr);
    if (incr.size_bytes === null) break;
  }
  return run;
}

/** The catalog without what no moment from `from_time_s` on needs; the same object if all does. */
export function trimmed(catalog: Catalog, from_time_s: number): Catalog {
  const base = baseFor(catalog, from_time_s);
  if (base === undefined || base === catalog.bases[0]) return catalog;
  return {
    ...catalog,
    bases: catalog.bases.slice(catalog.bases.indexOf(base)),
    incrs: catalog.incrs.filter(({ seq }) => seq >= base.first_incr),
  };
}

function fields(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? { ...value } : {};
}

function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

/** As a manifest has it: no path leads out of the directory it is restored to. */
function isFileName(value: unknown): value is string {
  return typeof value === "string" && !/^\.{0,2}$|[/\\\0]/.test(value);
}

function isListOf<T>(value: unknown, is: (item: unknown) => item is T): value is T[] {
  return Array.isArray(value) && value.every(is);
}

function isOwner(value: unknown): value is ArchiveOwner {
  const { id, directory, until_s } = fields(value);
  return typeof id === "string" && typeof directory === "string" && isCount(until_s);
}

function isBase(value: unknown): value is ArchivedBase {
  const { name, seq, size_bytes, first_incr, time_s } = fields(value);
  const isNamed = seq === 0 ? name === "" && size_bytes === 0 : isFileName(name);
  return isNamed && [seq, size_bytes, first_incr, time_s].every(isCount);
}

function isIncr(value: unknown): value is ArchivedIncr {
  const { name, seq, size_bytes, stored_bytes } = fields(value);
  return isFileName(name) && isCount(seq) && (size_bytes === null || isCount(size_bytes)) &&
    (stored_bytes === undefined || isCount(stored_bytes));
}

function rises(parts: readonly { readonly seq: number }[]): boolean {
  return parts.every(({ seq }, i) => i === 0 || seq > parts[i - 1].seq);
}
