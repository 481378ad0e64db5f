/**
 * What a handler gets: its arguments, the database, the reply writer - and, through `server`, what
 * the few commands need that look further. The interfaces here are implemented by `lib/server/`.
 */

import type { Buffer } from "node:buffer";
import type { Config } from "../config/config.ts";
import type { NumberedDatabase } from "../keyspace/shared.ts";
import { type Database, NONE, type Ref } from "../keyspace/database.ts";
import type { Keyspace } from "../keyspace/keyspace.ts";
import type { ValueType } from "../keyspace/value.ts";
import type { Clock } from "../platform/clock.ts";
import type { Random } from "../platform/random.ts";
import type { Args } from "../resp/args.ts";
import type { CommandEncoder, Part } from "../resp/encoder.ts";
import type { Reply } from "../resp/reply.ts";
import type { Client } from "./client.ts";
import type { SubscriptionKind } from "./client_subscriptions.ts";
import type { CommandData } from "./command_data.ts";
import type { InfoSections } from "./info_sections.ts";

/** What changed, for the log (and later for replicas): collected while a unit runs. */
export interface EffectSink {
  /** Whether anybody listens; if not, effects need not be encoded. */
  readonly active: boolean;
  /** Whether the unit under way has effects that are not in the log yet. */
  readonly pending: boolean;
  /** Where the effects of the unit under way are encoded. */
  readonly encoder: CommandEncoder;
  /** Adds a command to the unit under way. */
  add(db: NumberedDatabase, parts: readonly Part[]): void;
}

/** Everybody who is connected. */
export interface Clients {
  /** In the order of their ids. */
  all(): Iterable<Client>;
  find(id: number): Client | undefined;
  readonly count: number;
  /**
   * CLIENT PAUSE: until `until_ms` no commands (or no writes) are served; 0 ends it.
   */
  pause(until_ms: number, writesOnly: boolean): void;
}

/** The log and the snapshots, as far as commands steer them. Errors hold a message for the client. */
export interface Persistence {
  /** Empties the keyspace and loads it back: from the log, or from a snapshot if that is off. */
  reload(): Promise<void>;
  /** All databases were emptied by FLUSHALL. */
  flushed(): void;
  /** SAVE. */
  save(): void;
  /** BGSAVE; `schedule`: later, if it cannot begin now; in a transaction: later in any case. */
  saveInBackground(schedule: boolean, inTransaction: boolean): "started" | "scheduled";
  /** A snapshot to another file, in the background. */
  saveTo(path: string): Promise<void>;
  /** BGREWRITEAOF; within a transaction it begins later. */
  rewriteLog(inTransaction: boolean): "started" | "scheduled";
  /** Settles when a log that CONFIG SET has turned on is complete; undefined: there is none. */
  readonly logReady: Promise<void> | undefined;
  /** When the last snapshot was made, in seconds since the epoch. */
  readonly lastSave_s: number;
  /** Why writes are refused now (`MISCONF ...`); undefined: they are not. */
  readonly refusal: string | undefined;
  /** Position of the log behind all that was changed so far. */
  readonly logPosition: number;
  /** Memory for what is to be logged, in bytes, whether in use or not. */
  readonly logBuffer_bytes: number;
  /** Position of the log up to which it is on stable storage; -1: nothing is logged. */
  readonly syncedPosition: number;
  /** Settles when {@linkcode Persistence.syncedPosition} has got there, or the log was closed. */
  whenSynced(position: number): Promise<void>;
}

/** The backup under way, or the last one. */
export interface BackupStatus {
  readonly state: "none" | "running" | "done" | "failed" | "aborted";
  readonly path: string;
  /** Whether the log's files are copied, or a snapshot is made; empty: there was none. */
  readonly method: "log" | "snapshot" | "";
  /** Seconds since the epoch; 0: not yet. */
  readonly began_s: number;
  readonly ended_s: number;
  /** Bytes that are copied and checked, of how many; 0 while a snapshot is written. */
  readonly done_bytes: number;
  readonly total_bytes: number;
  /** What has gone wrong. */
  readonly error: string;
}

/** A backup that is complete. */
export interface BackupEntry {
  readonly path: string;
  readonly method: "log" | "snapshot";
  /** Seconds since the epoch. */
  readonly ended_s: number;
  readonly files: number;
  readonly size_bytes: number;
}

/** Backups, as BACKUP makes them. Errors hold a message for the client, without its code. */
export interface Backups {
  readonly status: BackupStatus;
  /** Begins a backup in a new directory; `path` is byte text, below `dir` or absolute. */
  start(path: string, isLocal: boolean): Promise<void>;
  /** Those below `dir` and next to the ones that were started, the oldest first. */
  list(): Promise<readonly BackupEntry[]>;
}

/** A command that took long. */
export interface SlowLogEntry {
  /** Never given twice. */
  readonly id: number;
  /** When it ended, in seconds since the epoch. */
  readonly time_s: number;
  readonly duration_us: number;
  /** Its arguments as latin1: shortened, and without passwords. */
  readonly args: readonly string[];
  /** The client's address, and its name (empty: none). */
  readonly address: string;
  readonly name: string;
}

/** Commands that took long. */
export interface SlowLog {
  readonly length: number;
  /** At most `count` of them, the last one first. */
  latest(count: number): readonly SlowLogEntry[];
  reset(): void;
}

/** The longest that an event took within a second. */
export interface LatencySample {
  /** Seconds since the epoch. */
  readonly time_s: number;
  readonly latency_ms: number;
}

/** What is remembered of one event (`command`, `aof-write` ...); there is at least one sample. */
export interface LatencySeries {
  readonly event: string;
  /** The longest of all. */
  readonly max_ms: number;
  /** The oldest first. */
  samples(): readonly LatencySample[];
}

/** What held the server up, by event. */
export interface LatencyEvents {
  /** An event took so long: kept from `latency-monitor-threshold` on. */
  add(event: string, duration_ms: number): void;
  all(): Iterable<LatencySeries>;
  find(event: string): LatencySeries | undefined;
  /** Forgets an event; false: there was none. */
  reset(event: string): boolean;
}

/**
 * Commands that wait for a key (BLPOP, BZPOPMIN, XREAD BLOCK ...). Whoever waits longest for a key
 * is served first. A key counts as touched by any {@linkcode Database.changed}, whatever command it
 * came from; who waits is served when that command's unit is complete.
 */
export interface Blocking {
  /**
   * Suspends the client until one of `keys` (of its selected database) can serve it; from then on
   * `ctx.args` is a copy that stays valid until the wait ends. Where it may not wait
   * ({@linkcode Context.mayWait}) the time is over at once.
   *
   * @param keys latin1 texts of the keys. @param timeout_ms 0: for ever.
   * @param attempt tries to serve the client from a key that was touched, which is also argument 0
   * of `keyArgs` (valid within the call): replies, reports changes and logs (`ctx.logAs`) its effect and returns true, or returns false and goes on waiting.
   * @param timedOut replies when the time is over (CLIENT UNBLOCK ... TIMEOUT calls it as well).
   */
  wait(
    ctx: Context,
    keys: readonly string[],
    timeout_ms: number,
    attempt: (key: string, keyArgs: Args) => boolean,
    timedOut: () => void,
  ): Promise<void> | undefined;
  /** How many clients wait, for INFO. */
  readonly count: number;
}

/** Channels, and who is subscribed to them. Names are latin1. */
export interface PubSub {
  /** Subscribes a client, if it is not already; returns whether it was not. */
  subscribe(kind: SubscriptionKind, client: Client, name: string): boolean;
  /** Ends a subscription, if there is one. */
  unsubscribe(kind: SubscriptionKind, client: Client, name: string): void;
  /** Ends all subscriptions of a client without a word. */
  unsubscribeAll(client: Client): void;
  /**
   * Sends the message `buf[from .. to)` to all subscribers of the channel `name[start .. end)`, and
   * (unless it is a shard channel) of patterns that match it; returns how many copies were sent.
   */
  publish(
    kind: "channel" | "shard",
    name: Buffer,
    start: number,
    end: number,
    buf: Uint8Array,
    from: number,
    to: number,
  ): number;
  /** Channels, shard channels or patterns that somebody is subscribed to. */
  names(kind: SubscriptionKind): Iterable<string>;
  /** How many of them there are. */
  size(kind: SubscriptionKind): number;
  /** How many clients are subscribed to one of them. */
  subscriberCount(kind: SubscriptionKind, name: string): number;
}

/** Clients that are shown every command that runs (MONITOR). */
export interface Monitors {
  /** From now on the client is one of them. */
  add(client: Client): void;
  /** It is one no longer, if it was. */
  remove(client: Client): void;
}

/** How SHUTDOWN is to go about it. */
export interface ShutdownOptions {
  readonly now: boolean;
  readonly force: boolean;
  readonly save: boolean | undefined;
}

/** The server, as handlers see it. */
export interface ServerHandle {
  readonly config: Config;
  readonly clock: Clock;
  readonly random: Random;
  readonly keyspace: Keyspace;
  /** All commands by name in small letters. */
  readonly commands: ReadonlyMap<string, CommandData>;
  readonly clients: Clients;
  readonly info: InfoSections;
  readonly persistence: Persistence;
  readonly blocking: Blocking;
  readonly effects: EffectSink;
  readonly pubsub: PubSub;
  readonly monitors: Monitors;
  /** Undefined: this server makes none. */
  readonly backups: Backups;
  readonly slowLog: SlowLog;
  readonly latency: LatencyEvents;
  /** 40 hexadecimal digits, drawn at start. */
  readonly runId: string;
  /** Runs a queued command within `ctx`, as EXEC does; its reply goes to the client's writer. */
  call(ctx: Context, command: CommandData, args: Args): Promise<void> | undefined;
  /** The active expiry cycle can be switched off (DEBUG SET-ACTIVE-EXPIRE). */
  activeExpiry: boolean;
  /** Sets all statistics to zero (CONFIG RESETSTAT). */
  resetStatistics(): void;
  /** Saves what is to be saved and ends the process. Rejects with a message for the client. */
  shutdown(options: ShutdownOptions): Promise<void>;
}

/** Redis's text for a command on a key of another type. */
export const WRONG_TYPE = "WRONGTYPE Operation against a key holding the wrong kind of value";
/** Redis's text for an argument that is no 64-bit integer. */
export const NOT_AN_INTEGER = "ERR value is not an integer or out of range";
/** Redis's text for options that do not fit together. */
export const SYNTAX_ERROR = "ERR syntax error";
/** For what may not run while the data is being loaded. */
export const LOADING = "LOADING Redis is loading the dataset in memory";

/** One run of one command. The same object serves all commands of a client. */
export class Context {
  /** The command and its arguments; argument 0 is the name. */
  args: Args;
  /** The command that runs. */
  command: CommandData;
  /** Whether the handler has said itself what is to be logged. */
  effectsGiven = false;
  /** Whether the command may wait for a key: not inside EXEC, nor in the log's replay. */
  mayWait: boolean;

  /** @param server the services. @param client who sent the command. */
  constructor(
    readonly server: ServerHandle,
    readonly client: Client,
    args: Args,
    command: CommandData,
  ) {
    this.args = args;
    this.command = command;
    this.mayWait = !client.isReplay;
  }

  /** The client's selected database. */
  get db(): Database {
    return this.client.db;
  }

  /** Where the answer goes. */
  get reply(): Reply {
    return this.client.reply;
  }

  /** Time of this command in ms since the epoch. */
  get now_ms(): number {
    return this.server.keyspace.now_ms;
  }

  /**
   * Logs this command instead of the one that came; a second call adds another. Without any, a
   * command that has changed something is logged as it came.
   */
  logAs(...parts: readonly Part[]): void {
    this.logParts(parts);
  }

  /** {@linkcode Context.logAs} for as many parts as a client has sent: no call takes them all. */
  logParts(parts: readonly Part[]): void {
    this.effectsGiven = true;
    if (this.server.effects.active) this.server.effects.add(this.db, parts);
  }

  /** Logs nothing, whatever has changed. */
  logNothing(): void {
    this.effectsGiven = true;
  }

  /**
   * Whether `ref` is of the given type, or no record at all; if not, answers WRONGTYPE. Handlers
   * say `if (!ctx.check(ref, "string")) return;`.
   */
  check(ref: Ref, type: ValueType): boolean {
    if (ref === NONE || this.db.type(ref) === type) return true;
    this.reply.error(WRONG_TYPE);
    return false;
  }

  /** Argument `i` as a 64-bit integer; if it is none, answers so (or with `message`). */
  integer(i: number, message = NOT_AN_INTEGER): number | bigint | undefined {
    const value = this.args.int64(i);
    if (value === undefined) this.reply.error(message);
    return value;
  }
}
