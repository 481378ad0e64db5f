/**
 * The catalog of the history that is written, and its newest version in the archive.
 *
 * Promises: the version before is removed only when the new one is stored; and as long as it is
 * published now and then, others are kept away (ownership.ts).
 */

import type { Clock } from "../../platform/clock.ts";
import type { ManifestFile } from "../aof/manifest.ts";
import type { ArchiveState } from "./archive_state.ts";
import {
  type ArchivedBase,
  type ArchivedIncr,
  type Catalog,
  EMPTY_CATALOG,
  formatCatalog,
} from "./catalog.ts";
import { catalogName, checksumOf } from "./names.ts";
import {
  type ArchiveOwner,
  type ArchiveWriterName,
  ownerFrom,
  refuseTakenOver,
  RENEWAL_S,
} from "./ownership.ts";
import type { ArchiveSink } from "./sink.ts";

/** A catalog that is changed here and then stored. */
export class PublishedCatalog {
  readonly #sink: ArchiveSink;
  readonly #clock: Clock;
  readonly #history: number;
  readonly #writer: ArchiveWriterName;
  #catalog: Catalog;
  #version: number;
  /** The object of that version. */
  #name: string | undefined;
  #isPublished = false;
  /** As it was stored by this server last. */
  #stored: Catalog = EMPTY_CATALOG;
  /** When, by both clocks; undefined: not yet, or others have begun to write. */
  #storedAt: { readonly time_s: number; readonly monotonic_ms: number } | undefined;

  /** @param state as found in the archive. @param writer who writes it from now on. */
  constructor(sink: ArchiveSink, clock: Clock, state: ArchiveState, writer: ArchiveWriterName) {
    this.#sink = sink;
    this.#clock = clock;
    this.#history = state.history;
    this.#catalog = state.catalog;
    this.#version = state.version;
    this.#name = state.catalogName;
    this.#writer = writer;
  }

  /** As it is to be. */
  get catalog(): Catalog {
    return this.#catalog;
  }

  /** Changes it; {@linkcode PublishedCatalog.publish} stores it. */
  change(catalog: Catalog): void {
    if (catalog === this.#catalog) return;
    this.#catalog = catalog;
    this.#isPublished = false;
  }

  /** Names an incremental file, if it is not named. */
  nameIncr({ name, seq }: Pick<ManifestFile, "name" | "seq">): void {
    const { incrs } = this.#catalog;
    if (incrs.some((incr) => incr.seq === seq)) return;
    this.change({ ...this.#catalog, incrs: [...incrs, { name, seq, size_bytes: null }] });
  }

  /** Says that not all of an incremental file is archived, after all. */
  reopenIncr(seq: number): void {
    this.change(this.#withIncr(seq, { size_bytes: null }));
  }

  /** Says that all of an incremental file is archived. */
  finishIncr(seq: number, size_bytes: number): void {
    this.change(this.#withIncr(seq, { size_bytes }));
  }

  /** Says how much of an incremental file is archived; the next version that is stored tells. */
  noteStored(seq: number, stored_bytes: number): void {
    this.#catalog = this.#withIncr(seq, { size_bytes: null, stored_bytes });
  }

  #withIncr(seq: number, facts: Pick<ArchivedIncr, "size_bytes" | "stored_bytes">): Catalog {
    const incrs = this.#catalog.incrs.map((incr) =>
      incr.seq === seq ? { name: incr.name, seq, ...facts } : incr
    );
    return { ...this.#catalog, incrs };
  }

  /** Whether all of incremental file `seq` is archived. */
  isFinished(seq: number): boolean {
    return finishes(this.#catalog, seq);
  }

  /** Whether the archive itself says that, and will after a crash. */
  isStoredAsFinished(seq: number): boolean {
    return finishes(this.#stored, seq);
  }

  /** Names a base, all of which is archived. */
  nameBase(base: ArchivedBase): void {
    if (this.hasBase(base.seq)) return;
    this.change({ ...this.#catalog, bases: [...this.#catalog.bases, base] });
  }

  /** Takes back the name of a base that is not all there. */
  reopenBase(seq: number): void {
    const bases = this.#catalog.bases.filter((base) => base.seq !== seq);
    this.change({ ...this.#catalog, bases });
  }

  /** Whether a base is named. */
  hasBase(seq: number): boolean {
    return names(this.#catalog, seq);
  }

  /** Whether the archive itself names it, and will after a crash. */
  hasStoredBase(seq: number): boolean {
    return names(this.#stored, seq);
  }

  /**
   * Stores it, if it has changed or it is time to.
   *
   * @throws {StorageError} another server has begun to write the archive
   */
  async publish(): Promise<void> {
    if (this.#isPublished && !this.#isDue()) return;
    const now_s = this.#now_s();
    await this.#store(now_s, ownerFrom(this.#writer, now_s));
  }

  /** Says that nobody writes the archive any more, if this server did. */
  async release(): Promise<void> {
    if (this.#storedAt !== undefined) await this.#store(this.#now_s(), undefined);
  }

  async #store(time_s: number, owner: ArchiveOwner | undefined): Promise<void> {
    const { prefix, bases, incrs } = this.#catalog;
    const began_s = this.#name === undefined ? time_s : this.#catalog.began_s;
    const unowned = { prefix, began_s, time_s, bases, incrs };
    const catalog = owner === undefined ? unowned : { ...unowned, owner };
    const bytes = formatCatalog(catalog);
    const version = this.#version + 1;
    const name = catalogName(this.#history, version, checksumOf(bytes));
    const before = this.#name;
    const monotonic_ms = this.#clock.monotonic_ms();
    this.#storedAt = undefined;
    await this.#sink.put(name, bytes);
    await refuseTakenOver(this.#sink, this.#history, version, name, before);
    this.#catalog = catalog;
    this.#version = version;
    this.#name = name;
    this.#isPublished = true;
    this.#stored = catalog;
    this.#storedAt = { time_s, monotonic_ms };
    if (before !== undefined) await this.#sink.remove(before);
  }

  /** A clock that was set makes it due, too: what is stored says until when, by that clock. */
  #isDue(): boolean {
    if (this.#storedAt === undefined) return true;
    const { time_s, monotonic_ms } = this.#storedAt;
    return Math.abs(this.#now_s() - time_s) >= RENEWAL_S ||
      this.#clock.monotonic_ms() - monotonic_ms >= RENEWAL_S * 1000;
  }

  #now_s(): number {
    return Math.floor(this.#clock.now_ms() / 1000);
  }
}

function finishes({ incrs }: Catalog, seq: number): boolean {
  return incrs.some((incr) => incr.seq === seq && incr.size_bytes !== null);
}

function names({ bases }: Catalog, seq: number): boolean {
  return bases.some((base) => base.seq === seq);
}
