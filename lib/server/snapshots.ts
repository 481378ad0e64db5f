/**
 * The snapshots of a server: at most one is written at a time, for `dump.rdb`, for a new base of the
 * log or for a backup; and what each needs of the configuration.
 */

import { encodingLimits } from "../commands/dump.ts";
import type { ServerHandle } from "../commands/context.ts";
import { CommandSnapshotEncoder } from "../persistence/aof/snapshot.ts";
import { type KeyCounts, RdbSnapshotEncoder } from "../persistence/rdb/snapshot.ts";
import type { SnapshotEncoder } from "../persistence/snapshot_encoder.ts";
import type { Disk } from "../platform/disk.ts";
import { REDIS_VERSION } from "../platform/version.ts";
import type { Stats } from "./stats.ts";
import { SnapshotAborted, SnapshotWriter } from "./snapshot_writer.ts";

/** What a snapshot is for. */
export type SnapshotPurpose = "save" | "rewrite" | "backup";

/** What snapshots need of the server. */
export interface SnapshotsHost {
  readonly server: ServerHandle;
  readonly stats: Stats;
  readonly disk: Disk;
  /** Told how long each slice held the thread, in ms. */
  readonly onSlice: (duration_ms: number) => void;
  readonly log: (level: "notice", text: string) => void;
  /** Told when a snapshot begins and when it has ended. */
  readonly onRunning: (running: boolean) => void;
}

/** See above. */
export class Snapshots {
  readonly #host: SnapshotsHost;
  /** What is under way; undefined: nothing. */
  running: { readonly purpose: SnapshotPurpose; readonly writer: SnapshotWriter } | undefined;
  #slotTaken: SnapshotPurpose | undefined;
  /** Settles when the place is free again. */
  #free: PromiseWithResolvers<void> | undefined;
  #stopped = false;

  /** @param host the server. */
  constructor(host: SnapshotsHost) {
    this.#host = host;
  }

  /** What the only place is taken for; undefined: it is free. */
  get purpose(): SnapshotPurpose | undefined {
    return this.#slotTaken;
  }

  /** Takes the only place for `work`, which is given up to the next one when it has settled. */
  async run<T>(purpose: SnapshotPurpose, work: () => Promise<T>): Promise<T> {
    if (this.#stopped) throw new Error("the server is ending");
    if (this.#slotTaken !== undefined) {
      throw new Error(`a snapshot is under way: ${this.#slotTaken}`);
    }
    this.#slotTaken = purpose;
    const free = this.#free = Promise.withResolvers<void>();
    this.#host.onRunning(true);
    try {
      return await work();
    } finally {
      this.#slotTaken = undefined;
      this.running = undefined;
      this.#free = undefined;
      this.#host.onRunning(false);
      free.resolve();
    }
  }

  /** As {@linkcode Snapshots.run}, as soon as nothing else is under way. */
  async runNext<T>(purpose: SnapshotPurpose, work: () => Promise<T>): Promise<T> {
    while (this.#free !== undefined) await this.#free.promise;
    return await this.run(purpose, work); // in the same turn: nobody comes in between
  }

  /** Resolves when nothing is under way. */
  async whenFree(): Promise<void> {
    while (this.#free !== undefined) await this.#free.promise;
  }

  /** What is under way for this purpose (any, if none is given) is given up. */
  abort(reason: string, purpose = this.#slotTaken): void {
    if (this.running?.purpose === purpose) this.running?.writer.abort(new SnapshotAborted(reason));
  }

  /**
   * Opens the file of the snapshot that {@linkcode Snapshots.run} is about.
   *
   * @throws {DiskError} it cannot be made
   */
  open(path: string, encoder: () => SnapshotEncoder, incrementalSync: boolean): SnapshotWriter {
    const { server, stats, disk, onSlice, log } = this.#host;
    const writer = new SnapshotWriter({
      keyspace: server.keyspace,
      clock: server.clock,
      disk,
      encoder,
      path,
      keyDelay_us: () => server.config.values["rdb-key-save-delay"],
      cpuPercent: () => server.config.values["snapshot-cpu-percent"],
      activity: () => stats.commandsProcessed,
      incrementalSync,
      onSlice,
      log,
    });
    this.running = { purpose: this.#slotTaken!, writer };
    return writer;
  }

  /** The server ends: whatever is under way ends, unfinished, and nothing is begun any more. */
  stop(): void {
    this.#stopped = true;
    this.running?.writer.stop();
  }

  /** Encodes as RDB what is in memory now. @param aofBase for a base of the log. */
  rdbEncoder(aofBase: boolean): RdbSnapshotEncoder {
    const { server } = this.#host;
    const { keyspace, clock, config: { values } } = server;
    const keyCounts = new Map<number, KeyCounts>();
    let hasFieldExpiry = false;
    for (const db of keyspace.databases()) {
      if (db.size > 0) keyCounts.set(db.index, { keys: db.size, expiring: db.expiringSize });
      hasFieldExpiry ||= db.hasFieldExpiry;
    }
    const policy = values["maxmemory-policy"];
    return new RdbSnapshotEncoder({
      aofBase,
      compress: values.rdbcompression,
      checksum: values.rdbchecksum,
      limits: encodingLimits(server),
      redisVersion: REDIS_VERSION,
      now_s: Math.floor(clock.now_ms() / 1000),
      used_memory_bytes: keyspace.measureBytes(),
      keyCounts,
      hasFieldExpiry,
      access: policy.endsWith("-lru") ? "idle" : policy.endsWith("-lfu") ? "frequency" : "none",
    });
  }

  #commandEncoder(): CommandSnapshotEncoder {
    const { clock, config: { values } } = this.#host.server;
    const now_s = () => Math.floor(clock.now_ms() / 1000);
    return new CommandSnapshotEncoder({
      framedAt: values["aof-checksums"] ? now_s : undefined,
      stamp_s: values["aof-timestamp-enabled"] ? now_s() : undefined,
    });
  }

  /** How a base of the log is written: as `aof-use-rdb-preamble` says. */
  baseFormat(): { encoder: () => SnapshotEncoder; format: "rdb" | "aof" } {
    return this.#host.server.config.values["aof-use-rdb-preamble"]
      ? { encoder: () => this.rdbEncoder(true), format: "rdb" }
      : { encoder: () => this.#commandEncoder(), format: "aof" };
  }
}
