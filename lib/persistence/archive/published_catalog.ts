/**
 * The catalog of the history that is written, and its newest version in the archive.
 *
 * Promise: the version before is removed only when the new one is stored.
 */

import type { Clock } from "../../platform/clock.ts";
import type { ManifestFile } from "../aof/manifest.ts";
import type { ArchiveState } from "./archive_state.ts";
import { type ArchivedBase, type Catalog, formatCatalog } from "./catalog.ts";
import { catalogName, checksumOf } from "./names.ts";
import type { ArchiveSink } from "./sink.ts";

/** A catalog that is changed here and then stored. */
export class PublishedCatalog {
  readonly #sink: ArchiveSink;
  readonly #clock: Clock;
  readonly #history: number;
  #catalog: Catalog;
  #version: number;
  /** The object of that version. */
  #name: string | undefined;
  #isPublished: boolean;

  /** @param state as found in the archive. */
  constructor(sink: ArchiveSink, clock: Clock, state: ArchiveState) {
    this.#sink = sink;
    this.#clock = clock;
    this.#history = state.history;
    this.#catalog = state.catalog;
    this.#version = state.version;
    this.#name = state.catalogName;
    this.#isPublished = state.catalogName !== undefined;
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
    this.finishIncr(seq, null);
  }

  /** Says that all of an incremental file is archived. */
  finishIncr(seq: number, size_bytes: number | null): void {
    const finish = (incr: Catalog["incrs"][number]) =>
      incr.seq === seq ? { ...incr, size_bytes } : incr;
    this.change({ ...this.#catalog, incrs: this.#catalog.incrs.map(finish) });
  }

  /** Whether all of incremental file `seq` is archived. */
  isFinished(seq: number): boolean {
    return this.#catalog.incrs.some((incr) => incr.seq === seq && incr.size_bytes !== null);
  }

  /** Names a base, all of which is archived. */
  nameBase(base: ArchivedBase): void {
    if (this.hasBase(base.seq)) return;
    this.change({ ...this.#catalog, bases: [...this.#catalog.bases, base] });
  }

  /** Whether a base is named. */
  hasBase(seq: number): boolean {
    return this.#catalog.bases.some((base) => base.seq === seq);
  }

  /** Stores it, if it has changed. */
  async publish(): Promise<void> {
    if (this.#isPublished) return;
    const time_s = Math.floor(this.#clock.now_ms() / 1000);
    const began_s = this.#name === undefined ? time_s : this.#catalog.began_s;
    const catalog = { ...this.#catalog, began_s, time_s };
    const bytes = formatCatalog(catalog);
    const name = catalogName(this.#history, this.#version + 1, checksumOf(bytes));
    await this.#sink.put(name, bytes);
    const before = this.#name;
    this.#catalog = catalog;
    this.#version++;
    this.#name = name;
    this.#isPublished = true;
    if (before !== undefined) await this.#sink.remove(before);
  }
}
