/**
 * What an archive holds, as found when it is opened: the newest history, its catalog, the chunks of
 * each file - and whether the running log continues it.
 */

import type { BackgroundDisk } from "../../platform/background_disk.ts";
import { joinPath } from "../files.ts";
import { type Catalog, EMPTY_CATALOG, parseCatalog } from "./catalog.ts";
import type { LogFacts } from "./log_source.ts";
import {
  catalogName,
  chain,
  checksumOf,
  chunkName,
  type HistoryObjects,
  type PartKey,
} from "./names.ts";
import { PartCopy } from "./part_copy.ts";
import type { ArchiveSink } from "./sink.ts";
import { StorageError } from "../errors.ts";

/** A history of an archive. */
export interface ArchiveState {
  readonly history: number;
  /** Version of the catalog; 0: there is none yet. */
  readonly version: number;
  /** The object of that version. */
  readonly catalogName: string | undefined;
  readonly catalog: Catalog;
  /** The archived beginning of each file. */
  readonly copies: ReadonlyMap<PartKey, PartCopy>;
  /** Objects of this history that count no longer. */
  readonly leftovers: readonly string[];
}

/** A history in which nothing is stored yet. */
export function emptyState(history: number): ArchiveState {
  return {
    history,
    version: 0,
    catalogName: undefined,
    catalog: EMPTY_CATALOG,
    copies: new Map(),
    leftovers: [],
  };
}

/**
 * Reads what there is of a history.
 *
 * @throws {StorageError} its catalog is damaged
 */
export async function readState(
  sink: ArchiveSink,
  history: number,
  objects: HistoryObjects,
): Promise<ArchiveState> {
  const version = Math.max(0, ...objects.catalogs.keys());
  const crc = objects.catalogs.get(version);
  const name = crc === undefined ? undefined : catalogName(history, version, crc);
  const catalog = name === undefined ? EMPTY_CATALOG : await readCatalog(sink, name, crc!);
  const copies = new Map<PartKey, PartCopy>();
  const leftovers = [...objects.catalogs].filter(([number]) => number < version)
    .map(([number, crc]) => catalogName(history, number, crc));
  for (const [key, chunks] of objects.chunks) {
    const { whole, rest } = chain(chunks);
    copies.set(key, new PartCopy(key, whole));
    const end = copies.get(key)!.length;
    // What lies behind a gap is all that is left there: it is not for this code to throw away.
    const superseded = rest.filter(({ offset, length }) => offset + length <= end);
    leftovers.push(...superseded.map((chunk) => chunkName(history, key, chunk)));
  }
  return { history, version, catalogName: name, catalog, copies, leftovers };
}

/** Reads a catalog, and verifies it. @throws {StorageError} it is damaged */
export async function readCatalog(sink: ArchiveSink, name: string, crc: number): Promise<Catalog> {
  const bytes = await sink.read(name);
  const path = joinPath(sink.name, name);
  if (checksumOf(bytes) !== crc) {
    throw new StorageError(
      "damaged",
      path,
      undefined,
      "the catalog does not have the checksum that its name says. Get it back from another copy " +
        "of the archive",
    );
  }
  return parseCatalog(bytes, path);
}

/** Whether a log is the one that is archived. */
export interface Comparison {
  /** Why it does not continue what is archived; undefined: it does. */
  readonly mismatch: string | undefined;
  /** Whether bytes of it were the same as archived ones. */
  readonly hasSameBytes: boolean;
}

/** Compares a log with what is archived: of each file that both have, the last chunk. */
export async function compare(
  state: ArchiveState,
  facts: LogFacts,
  disk: BackgroundDisk,
): Promise<Comparison> {
  const { copies } = state;
  const mismatch = await findMismatch(state, facts, disk);
  const { incrs, base } = facts;
  const keys: PartKey[] = incrs.map(({ seq }): PartKey => `i${seq}`);
  if (base !== undefined) keys.push(`b${base.seq}`);
  const hasSameBytes = keys.some((key) => (copies.get(key)?.length ?? 0) > 0);
  return { mismatch, hasSameBytes: mismatch === undefined && hasSameBytes };
}

async function findMismatch(
  state: ArchiveState,
  facts: LogFacts,
  disk: BackgroundDisk,
): Promise<string | undefined> {
  const { catalog, copies } = state;
  const newest = facts.incrs.at(-1)!;
  const archived = catalog.incrs.at(-1);
  if (archived !== undefined && archived.seq > newest.seq) {
    return `the archive has ${archived.name}, the log ends with ${newest.name}`;
  }
  for (const incr of facts.incrs) {
    const copy = copies.get(`i${incr.seq}`);
    const known = catalog.incrs.find(({ seq }) => seq === incr.seq);
    if (copy === undefined && known === undefined) continue;
    const isLast = incr === newest;
    const path = joinPath(facts.directory, incr.name);
    const size_bytes = isLast ? facts.written_bytes : await disk.fileSize(path) ?? 0;
    const final_bytes = known?.size_bytes ?? undefined;
    if (final_bytes !== undefined && (isLast || final_bytes !== size_bytes)) {
      return `${incr.name} has ${size_bytes} bytes${isLast ? " and is written to" : ""}, ` +
        `${final_bytes} were archived as all of it`;
    }
    if (copy !== undefined && !(await continues(copy, path, size_bytes, disk))) {
      return `${incr.name} is not the one that was archived`;
    }
  }
  const { base } = facts;
  const copy = base && copies.get(`b${base.seq}`);
  if (base === undefined || copy === undefined) return undefined;
  const path = joinPath(facts.directory, base.name);
  const size_bytes = await disk.fileSize(path) ?? 0;
  if (await continues(copy, path, size_bytes, disk)) return undefined;
  return `${base.name} is not the one that was archived`;
}

async function continues(
  copy: PartCopy,
  path: string,
  size_bytes: number,
  disk: BackgroundDisk,
): Promise<boolean> {
  const last = copy.chunks.at(-1);
  if (last === undefined) return true;
  if (copy.length > size_bytes) return false;
  const file = disk.openNow(path);
  try {
    const bytes = new Uint8Array(last.length);
    const count = await file.readAt(last.offset, bytes);
    return count === last.length && checksumOf(bytes) === last.crc;
  } finally {
    file.close();
  }
}
