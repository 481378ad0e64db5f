/**
 * Who writes an archive: its newest catalog names a server, and until when nobody else may.
 *
 * Promises: of two servers that are given the same archive one writes it, and the other says why it
 * does not; an archive whose server has ended, in order or not, is free a minute later at most, and
 * at once for the same log in the same place, which only one server can have (its directory is
 * locked). A clock that was ahead changes nothing of that: a catalog that stays the same for a minute
 * is nobody's. Where clocks or a clone of a machine deceive them all the same, who was there first
 * notices it within 20 seconds and stops.
 */

import type { Clock } from "../../platform/clock.ts";
import { StorageError } from "../errors.ts";
import { catalogName, readNames } from "./names.ts";
import type { ArchiveSink } from "./sink.ts";

/** So long after it was written, a catalog keeps others away. */
const LEASE_S = 60;
/** The writer of an archive writes its catalog at least this often. */
export const RENEWAL_S = 20;

/** A server that writes an archive. */
export interface ArchiveWriterName {
  /** Its run id. */
  readonly id: string;
  /** The directory of its log. */
  readonly directory: string;
}

/** The same, as the catalog has it. */
export interface ArchiveOwner extends ArchiveWriterName {
  /** Until then nobody else may write; seconds since the epoch. */
  readonly until_s: number;
}

/** What a catalog says that is written at `now_s`. */
export function ownerFrom({ id, directory }: ArchiveWriterName, now_s: number): ArchiveOwner {
  return { id, directory, until_s: now_s + LEASE_S };
}

/** Whether somebody writes an archive, as seen from outside. */
export class OwnerWatch {
  readonly #clock: Clock;
  #catalog: string | undefined;
  #since_ms = 0;

  /** @param clock whose time of day may jump. */
  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The newest catalog is `name`, and says `owner`: whether that one may still be there. */
  mayLive(name: string, owner: ArchiveOwner): boolean {
    const now_ms = this.#clock.monotonic_ms();
    if (name !== this.#catalog) {
      this.#catalog = name;
      this.#since_ms = now_ms;
    }
    const isNew = now_ms - this.#since_ms < LEASE_S * 1000;
    return isNew && owner.until_s * 1000 > this.#clock.now_ms();
  }
}

/**
 * Refuses an archive that another server writes.
 *
 * @param isSameLog the log of `me` is the one that is archived, byte for byte where both have bytes
 * @throws {StorageError} who it is; the same text each time
 */
export function refuseOwned(
  sinkName: string,
  owner: ArchiveOwner,
  me: ArchiveWriterName,
  isSameLog: boolean,
): void {
  if (owner.id === me.id || (isSameLog && owner.directory === me.directory)) return;
  throw new StorageError(
    "locked",
    sinkName,
    undefined,
    `another server writes this archive: run id ${owner.id}, its log is in ${owner.directory}. ` +
      "Give each server an aof-archive-dir of its own; if that one is gone, its archive is taken " +
      "over a minute after it was written last",
  );
}

/**
 * Looks whether another server has begun to write, or the archive was emptied, after a catalog was
 * stored; if so, the catalog is taken back.
 *
 * @param name of that catalog, version `version` of `history`
 * @param before the catalog that it replaces, if there is one
 * @throws {StorageError} there is another one, or `before` is gone
 */
export async function refuseTakenOver(
  sink: ArchiveSink,
  history: number,
  version: number,
  name: string,
  before: string | undefined,
): Promise<void> {
  const names = await sink.list();
  const histories = readNames(names);
  const versions = histories.get(history)?.catalogs.keys() ?? [];
  const prefix = catalogName(history, version, 0).slice(0, -8);
  const isOther = [...histories.keys()].some((number) => number > history) ||
    [...versions].some((number) => number > version) ||
    names.some((other) => other !== name && other.startsWith(prefix));
  const isEmptied = before !== undefined && !names.includes(before);
  if (!isOther && !isEmptied) return;
  await sink.remove(name);
  if (!isOther) {
    const reason =
      `what was archived is gone: ${before} was removed. What the log has is archived ` +
      "again";
    throw new StorageError("disk", sink.name, undefined, reason);
  }
  throw new StorageError(
    "locked",
    sink.name,
    undefined,
    "another server has begun to write this archive. Give each server an aof-archive-dir of its own",
  );
}
