/**
 * Open handles on the incremental files that are not archived yet, so that a rewrite which replaces
 * and removes them takes nothing from the archive.
 *
 * Bound: a file that is gone from the log is held for ten minutes at most; its disk space is free
 * then, whatever the archive's disk does, and the archive has a gap up to the next base.
 */

import type { BackgroundDisk, BackgroundFile } from "../../platform/background_disk.ts";
import type { Clock } from "../../platform/clock.ts";
import { joinPath } from "../files.ts";
import type { LogFacts } from "./log_source.ts";

const GONE_KEPT_MS = 10 * 60 * 1000;

/** A file that is held. */
export interface HeldFile {
  readonly name: string;
  readonly path: string;
  readonly file: BackgroundFile;
  /** When it was first seen to be gone from the log, on the monotonic clock. */
  goneSince_ms: number | undefined;
}

/** The files that are held, by their numbers. */
export class Holds {
  readonly #disk: BackgroundDisk;
  readonly #clock: Clock;
  readonly #held = new Map<number, HeldFile>();
  /** A handle that is being read from is closed by who reads, see {@linkcode Holds.use}. */
  #inUse: HeldFile | undefined;

  /** @param disk of the log. */
  constructor(disk: BackgroundDisk, clock: Clock) {
    this.#disk = disk;
    this.#clock = clock;
  }

  /** Opens what the log has and is not archived; lets go of what has been gone for long. */
  note(facts: LogFacts, isArchived: (seq: number) => boolean): void {
    for (const { name, seq } of facts.incrs) {
      if (this.#held.has(seq) || isArchived(seq)) continue;
      const path = joinPath(facts.directory, name);
      this.#held.set(seq, { name, path, file: this.#disk.openNow(path), goneSince_ms: undefined });
    }
    const now_ms = this.#clock.monotonic_ms();
    for (const [seq, held] of this.#held) {
      if (facts.incrs.some((incr) => incr.seq === seq)) continue;
      held.goneSince_ms ??= now_ms;
      if (now_ms - held.goneSince_ms > GONE_KEPT_MS) this.#drop(seq, held);
    }
  }

  /** The numbers of the files held that are gone from the log. */
  gone(): number[] {
    return [...this.#held].filter(([, held]) => held.goneSince_ms !== undefined)
      .map(([seq]) => seq).sort((a, b) => a - b);
  }

  /** Runs `action` with a held file, which stays open as long; undefined if it is not held. */
  async use<T>(seq: number, action: (held: HeldFile) => Promise<T>): Promise<T | undefined> {
    const held = this.#held.get(seq);
    if (held === undefined) return undefined;
    this.#inUse = held;
    try {
      return await action(held);
    } finally {
      this.#inUse = undefined;
      if (this.#held.get(seq) !== held) held.file.close(); // it was let go of meanwhile
    }
  }

  /** Lets go of what is archived. */
  archived(isArchived: (seq: number) => boolean): void {
    for (const [seq, held] of this.#held) {
      if (isArchived(seq)) this.#drop(seq, held);
    }
  }

  /** Lets go of everything; what the log has is opened again by {@linkcode Holds.note}. */
  close(): void {
    for (const [seq, held] of this.#held) this.#drop(seq, held);
  }

  #drop(seq: number, held: HeldFile): void {
    this.#held.delete(seq);
    if (this.#inUse !== held) held.file.close();
  }
}
