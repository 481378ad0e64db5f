/**
 * Copies a running log to an archive.
 *
 * Promises: the archive never knows more than the log's own disk does after a power failure (only
 * what is on stable storage is copied); whatever call fails or is the last one, what is archived
 * restores to a state that the log has had, not older than the last round that was complete; and a
 * base is named when all of it is there, so that the one before serves until then.
 *
 * The order within a round: each incremental file in turn, named in the catalog before its first
 * byte is stored, and with its size when it is whole; so the end of one that has no size is the end
 * of what is archived, or a gap that is known as one.
 */

import type { BackgroundDisk } from "../../platform/background_disk.ts";
import type { Clock } from "../../platform/clock.ts";
import type { ManifestFile } from "../aof/manifest.ts";
import { type Log, StorageError } from "../errors.ts";
import { joinPath } from "../files.ts";
import { type ArchiveState, compare, emptyState, readState } from "./archive_state.ts";
import { trimmed } from "./catalog.ts";
import { ChunkCopier } from "./chunk_copier.ts";
import { type HeldFile, Holds } from "./holds.ts";
import type { LogFacts, LogSource } from "./log_source.ts";
import { reopenLost } from "./losses.ts";
import { catalogName, chunkName, type HistoryObjects, type PartKey } from "./names.ts";
import { type ArchiveWriterName, OwnerWatch, refuseOwned } from "./ownership.ts";
import { PartCopy } from "./part_copy.ts";
import { PublishedCatalog } from "./published_catalog.ts";
import type { ArchiveSink } from "./sink.ts";
import { withObjects } from "./steady_list.ts";

/** What is copied where. */
export interface ArchiveWriterOptions {
  readonly sink: ArchiveSink;
  /** The disk of the log. */
  readonly disk: BackgroundDisk;
  readonly source: LogSource;
  readonly clock: Clock;
  readonly log: Log;
  /** The run id of the server: who writes the archive. */
  readonly owner: string;
  /** `aof-archive-retention`: 0 keeps everything. */
  readonly retention_s: () => number;
}

/** A history that is being written. */
interface OpenHistory {
  readonly history: number;
  readonly published: PublishedCatalog;
  readonly copies: Map<PartKey, PartCopy>;
  /** The histories before it. */
  readonly older: Map<number, HistoryObjects>;
}

/** An archive that a log is copied to. After an error it has to be opened again. */
export class ArchiveWriter {
  readonly #options: ArchiveWriterOptions;
  readonly #holds: Holds;
  readonly #copier: ChunkCopier;
  readonly #watch: OwnerWatch;
  #open: OpenHistory | undefined;
  /** When the log's base was first seen, in seconds; its data is of no later moment. */
  #baseSeen: { key: PartKey; time_s: number } | undefined;
  /** Of the log that was seen last. */
  #run: number | undefined;

  /** Nothing is read or stored before {@linkcode ArchiveWriter.open}. */
  constructor(options: ArchiveWriterOptions) {
    this.#options = options;
    this.#holds = new Holds(options.disk, options.clock);
    this.#copier = new ChunkCopier(options.sink, options.clock);
    this.#watch = new OwnerWatch(options.clock);
  }

  /** Bytes stored so far. */
  get stored_bytes(): number {
    return this.#copier.stored_bytes;
  }

  /**
   * The log has other files than before: holds those that are to be archived, at once, so that
   * they may be removed.
   *
   * @throws {DiskError} one of them cannot be opened
   */
  noteFiles(): LogFacts | undefined {
    const facts = this.#options.source.facts();
    // What was changed while nothing was logged is missing behind the file that was open then: it
    // must not seem to be continued by the next.
    if (facts?.run !== this.#run) this.#holds.close();
    this.#run = facts?.run;
    if (facts === undefined) return undefined;
    this.#holds.note(facts, (seq) => this.#open?.published.isStoredAsFinished(seq) ?? false);
    const key: PartKey = `b${facts.base?.seq ?? 0}`;
    if (this.#baseSeen?.key !== key) this.#baseSeen = { key, time_s: this.#now_s() };
    return facts;
  }

  /**
   * Reads what the archive holds, and goes on where the log continues it; if it does not, begins a
   * new history. Resolves to false while nothing is logged.
   *
   * @throws {StorageError} another server writes the archive, or it is damaged
   */
  async open(): Promise<boolean> {
    this.#open = undefined;
    const facts = this.noteFiles();
    if (facts === undefined) return false;
    const { sink, clock } = this.#options;
    const me = { id: this.#options.owner, directory: facts.directory };
    const [older, state] = await withObjects(sink, async (objects) => {
      const newest = Math.max(0, ...objects.keys());
      return [objects, await this.#continue(newest, objects.get(newest), facts, me)] as const;
    });
    older.delete(state.history);
    const published = new PublishedCatalog(sink, clock, state, me);
    published.change({ ...state.catalog, prefix: facts.appendFileName });
    this.#reopenLost(state, published, facts);
    await published.publish(); // from here on others are kept away
    for (const name of state.leftovers) {
      await published.publish();
      await sink.remove(name);
    }
    this.#open = {
      history: state.history,
      published,
      copies: new Map(state.copies),
      older,
    };
    return true;
  }

  /**
   * A round: copies what the incremental files have more than their copies, then lets go of what is
   * older than the retention. Resolves to false while nothing is logged.
   */
  async copyLog(): Promise<boolean> {
    const facts = this.noteFiles();
    if (facts === undefined) return false;
    const { published } = this.#history();
    for (const seq of this.#holds.gone()) {
      if (seq < facts.incrs[0].seq) await this.#copyIncr(seq, undefined);
    }
    for (const { seq } of facts.incrs) await this.#copyIncr(seq, facts);
    if (facts.base === undefined) {
      // All there ever was is in the log: before it, there was no data.
      const first_incr = facts.incrs[0].seq;
      published.nameBase({ name: "", seq: 0, size_bytes: 0, first_incr, time_s: 0 });
    }
    await published.publish();
    this.#letGo(published);
    await this.#forget(facts);
    return true;
  }

  /** Copies a chunk of the log's base, if it is not archived; resolves to whether there is more. */
  async copyBase(): Promise<boolean> {
    const { history, published } = this.#history();
    const facts = this.noteFiles();
    const base = facts?.base;
    if (facts === undefined || base === undefined || published.hasBase(base.seq)) return false;
    const copy = this.#copyOf(`b${base.seq}`);
    const path = joinPath(facts.directory, base.name);
    const file = this.#options.disk.openNow(path);
    try {
      const source = { file, path, target_bytes: Infinity };
      if (await this.#copier.copy(history, copy, source)) return true;
    } finally {
      file.close();
    }
    published.nameBase(this.#archivedBase(base, copy.length, facts));
    await published.publish();
    return false;
  }

  /** Bytes of the log's last file that are not archived. */
  lag_bytes(): number {
    const facts = this.#options.source.facts();
    if (facts === undefined) return 0;
    const copy = this.#open?.copies.get(`i${facts.incrs.at(-1)!.seq}`);
    return Math.max(0, facts.written_bytes - (copy?.length ?? 0));
  }

  /** Files of the log, the last one aside, whose copy is not complete, or not yet named as such. */
  pendingFiles(): number {
    const facts = this.#options.source.facts();
    const published = this.#open?.published;
    if (facts === undefined) return 0;
    const sealed = facts.incrs.slice(0, -1)
      .filter(({ seq }) => !(published?.isStoredAsFinished(seq) ?? false));
    const hasBase = published?.hasStoredBase(facts.base?.seq ?? 0) ?? false;
    return sealed.length + (hasBase ? 0 : 1);
  }

  /**
   * Says that this server still writes the archive, if it is time to.
   *
   * @throws {StorageError} another one does
   */
  async renew(): Promise<void> {
    await this.#open?.published.publish();
  }

  /** Says that nobody writes the archive any more; otherwise others have to wait a minute. */
  async release(): Promise<void> {
    await this.#open?.published.release();
  }

  /** Lets go of all files. Nothing may be under way. */
  close(): void {
    this.#open = undefined;
    this.#holds.close();
  }

  #history(): OpenHistory {
    if (this.#open === undefined) throw new Error("the archive is not open");
    return this.#open;
  }

  async #continue(
    newest: number,
    objects: HistoryObjects | undefined,
    facts: LogFacts,
    me: ArchiveWriterName,
  ): Promise<ArchiveState> {
    const { sink, disk, log } = this.#options;
    if (objects === undefined) return emptyState(newest + 1);
    let why: string | undefined;
    try {
      const state = await readState(sink, newest, objects);
      const { mismatch, hasSameBytes } = await compare(state, facts, disk);
      const { owner } = state.catalog;
      if (owner !== undefined && this.#watch.mayLive(state.catalogName!, owner)) {
        refuseOwned(sink.name, owner, me, hasSameBytes);
      }
      if (mismatch === undefined) return state;
      why = mismatch;
    } catch (error) {
      if (!(error instanceof StorageError) || error.kind !== "damaged") throw error;
      why = error.message;
    }
    log(
      "warning",
      `The log does not continue history ${newest} of the archive ${sink.name}: ${why}. ` +
        `History ${newest + 1} begins; the one before is kept as long as the retention says`,
    );
    return emptyState(newest + 1);
  }

  /** @param facts undefined: the log does not have the file any more, so it was sealed. */
  async #copyIncr(seq: number, facts: LogFacts | undefined): Promise<void> {
    const { history, published } = this.#history();
    if (published.isFinished(seq)) return;
    await this.#holds.use(seq, async (held) => {
      this.#tellGap(seq, held);
      published.nameIncr({ name: held.name, seq });
      await published.publish();
      this.#letGo(published);
      const isOpen = facts !== undefined && seq === facts.incrs.at(-1)!.seq;
      const target_bytes = isOpen ? await safeBytes(facts, held) : Infinity;
      const copy = this.#copyOf(`i${seq}`);
      const source = { file: held.file, path: held.path, target_bytes };
      while (await this.#copier.copy(history, copy, source)) await published.publish();
      if (isOpen) published.noteStored(seq, copy.length);
      else published.finishIncr(seq, copy.length);
    });
  }

  /** Not before the catalog is stored: if that fails, the file is needed once more. */
  #letGo(published: PublishedCatalog): void {
    this.#holds.archived((seq) => published.isStoredAsFinished(seq));
  }

  /** What the log still has of what is missing is copied again. */
  #reopenLost(state: ArchiveState, published: PublishedCatalog, { base }: LogFacts): void {
    const { log, sink } = this.#options;
    const time_s = reopenLost(state, published, base?.seq, sink.name, log);
    if (time_s !== undefined) this.#baseSeen = { key: `b${base!.seq}`, time_s };
  }

  #tellGap(seq: number, { name }: HeldFile): void {
    const last = this.#history().published.catalog.incrs.at(-1);
    if (last === undefined || last.seq >= seq) return;
    if (last.size_bytes !== null && last.seq + 1 === seq) return;
    const what = last.size_bytes === null
      ? `the end of ${last.name}`
      : `what followed ${last.name}`;
    this.#options.log(
      "warning",
      `The archive ${this.#options.sink.name} has a gap: ${what} is not in it. ` +
        `What follows in ${name} can be restored when the next base is archived`,
    );
  }

  #archivedBase({ name, seq }: ManifestFile, size_bytes: number, { incrs }: LogFacts) {
    const time_s = this.#baseSeen?.key === `b${seq}` ? this.#baseSeen.time_s : this.#now_s();
    return { name, seq, size_bytes, first_incr: incrs[0].seq, time_s };
  }

  #copyOf(key: PartKey): PartCopy {
    const { copies } = this.#history();
    let copy = copies.get(key);
    if (copy === undefined) {
      copy = new PartCopy(key);
      copies.set(key, copy);
    }
    return copy;
  }

  #now_s(): number {
    return Math.floor(this.#options.clock.now_ms() / 1000);
  }

  /** Removes what no moment within the retention needs, and unfinished copies of replaced bases. */
  async #forget(facts: LogFacts): Promise<void> {
    const { history, published, copies, older } = this.#history();
    const retention_s = this.#options.retention_s();
    const from_time_s = retention_s === 0 ? 0 : this.#now_s() - retention_s;
    published.change(trimmed(published.catalog, from_time_s));
    await published.publish(); // first nothing may need what is removed
    const { bases, incrs } = published.catalog;
    const named = new Set<PartKey>([
      ...bases.map(({ seq }): PartKey => `b${seq}`),
      ...incrs.map(({ seq }): PartKey => `i${seq}`),
      `b${facts.base?.seq ?? 0}`,
    ]);
    for (const [key, copy] of copies) {
      if (named.has(key)) continue;
      await this.#removeChunks(history, key, copy.chunks);
      copies.delete(key);
    }
    if (retention_s === 0 || published.catalog.began_s > from_time_s) return;
    for (const [number, objects] of older) await this.#removeHistory(number, objects);
  }

  async #removeHistory(history: number, { catalogs, chunks }: HistoryObjects): Promise<void> {
    const { sink } = this.#options;
    for (const [key, list] of chunks) await this.#removeChunks(history, key, list);
    for (const [version, crc] of catalogs) await sink.remove(catalogName(history, version, crc));
    this.#history().older.delete(history);
  }

  async #removeChunks(
    history: number,
    key: PartKey,
    chunks: PartCopy["chunks"],
  ): Promise<void> {
    const { published } = this.#history();
    for (const chunk of chunks) {
      await published.publish(); // there may be thousands of them
      await this.#options.sink.remove(chunkName(history, key, chunk));
    }
  }
}

/** How much of the open file may be archived: what is on stable storage, if need be by our doing. */
async function safeBytes(facts: LogFacts, { file }: HeldFile): Promise<number> {
  if (facts.written_bytes !== facts.synced_bytes) await file.sync();
  return facts.written_bytes;
}
