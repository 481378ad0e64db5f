/**
 * A client: what the server knows of whoever sends commands. It does not know how they arrive: a
 * {@linkcode Link} stands for the connection, and the log's replay is a client without one.
 */

import type { Database } from "../keyspace/database.ts";
import { releaseReply, Reply, type ReplyMark } from "../resp/reply.ts";
import type { Subscriptions } from "./client_subscriptions.ts";
import type { CommandData } from "./command_data.ts";
import type { Transaction } from "./transaction.ts";
import type { WatchedKey } from "./watched_key.ts";

/** The connection behind a client. */
export interface Link {
  /** `127.0.0.1:50000`, or `/path:0` through a Unix socket; empty without a connection. */
  readonly address: string;
  /** The server's end. */
  readonly localAddress: string;
  /** Number of the connection's file, as far as there is one; for CLIENT LIST. */
  readonly fd: number;
  /** Whether the peer is on this machine. */
  readonly isLocal: boolean;
  /** Whether it is a Unix socket. */
  readonly isUnix: boolean;
  /** Bytes of input that wait to be decoded. */
  readonly inputBytes: number;
  /** Room left in the input buffer. */
  readonly inputFreeBytes: number;
  /** Bytes of replies that wait to be sent. */
  readonly outputBytes: number;
  /**
   * What was written to the client's reply outside of its own commands (a published message) is sent
   * at the end of the turn.
   */
  send(): void;
  /** Closes the connection; `afterReplies`: what is already written is sent first. */
  close(afterReplies: boolean): void;
}

/** What CLIENT REPLY was told. */
export type ReplyMode = "on" | "off" | "skip-next" | "skip";

/** A sender of commands. */
export class Client {
  /** Replies in the making; its `resp3` is the client's protocol. */
  readonly reply = new Reply();
  /** Name given by CLIENT SETNAME; empty: none. */
  name = "";
  authenticated = false;
  /** The transaction between MULTI and EXEC. */
  transaction: Transaction | undefined;
  /** The one that EXEC is running. */
  executing: Transaction | undefined;
  /** Keys under WATCH, each by its {@linkcode WatchedKey.id}. */
  readonly watchedKeys = new Map<string, WatchedKey>();
  /** A watched key has changed. */
  dirty = false;
  /** Of `reply.errorCount` so many are in the statistics: each by the command that it came from. */
  errorsCounted = 0;
  replyMode: ReplyMode = "on";
  /** CLIENT NO-EVICT. */
  noEvict = false;
  /** The command that came last, whether or not it could run; undefined: one that does not exist. */
  lastCommand: CommandData | undefined;
  /** When the last command came, in ms since the epoch. */
  lastActive_ms: number;
  /** Position of the log behind what the client has changed last (WAITAOF). */
  lastWrite = 0;
  /** A reason to close once the replies are out: QUIT, a protocol error, CLIENT KILL of oneself. */
  closing = false;
  /** What the client is subscribed to; undefined: nothing. */
  subscriptions: Subscriptions | undefined;
  /** Whether it is shown every command (MONITOR); it then has no access to the keys. */
  isMonitor = false;
  /** Waits for the end of CLIENT PAUSE. */
  paused = false;
  /** Suspended in a blocking command until this is called. */
  unblock: ((how: "timeout" | "error") => void) | undefined;

  /** Where the reply of the command that runs begins; only noted while messages may come in. */
  #replyBegin: ReplyMark | "nested" | undefined;
  /** Messages that came in the middle of a reply. */
  #kept: Reply | undefined;

  /**
   * @param id never given twice. @param db selected at first. @param created_ms since the epoch.
   * @param link the connection; undefined: the log's replay.
   */
  constructor(
    readonly id: number,
    public db: Database,
    readonly created_ms: number,
    readonly link: Link | undefined,
  ) {
    this.lastActive_ms = created_ms;
  }

  /** Whether this is the log being replayed: nothing is checked and nothing logged again. */
  get isReplay(): boolean {
    return this.link === undefined;
  }

  /** Whether the client is subscribed and, in RESP2, can do little else. */
  get isRestricted(): boolean {
    return this.subscriptions !== undefined && !this.reply.resp3;
  }

  /**
   * Runs a command of a client that may get messages meanwhile, or that wants no reply (CLIENT
   * REPLY): what it replies is taken back then, messages are not. A message never stands within a
   * reply; one that comes too late to precede it follows it.
   */
  runGuarded(run: () => Promise<void> | undefined): Promise<void> | undefined {
    if (this.replyMode === "skip-next") this.replyMode = "skip";
    const outer = this.#replyBegin;
    const mark = this.reply.mark();
    this.#replyBegin = outer === undefined ? mark : "nested";
    const finish = () => {
      const begin = this.#replyBegin;
      if (this.replyMode !== "on") {
        this.reply.rewind(begin === undefined || begin === "nested" ? mark : begin);
      }
      if (this.replyMode === "skip") this.replyMode = "on";
      this.#replyBegin = outer;
      if (outer === undefined) this.#appendKept();
    };
    const done = run();
    if (done !== undefined) return done.then(finish);
    finish();
    return undefined;
  }

  /** Sends a message that is no reply: `bytes[start .. end)` is RESP in the client's protocol. */
  deliver(bytes: Uint8Array, start: number, end: number): void {
    if (this.closing) return;
    const { reply } = this;
    const begin = this.#replyBegin;
    if (begin === undefined) {
      reply.raw(bytes, start, end);
    } else if (begin !== "nested" && reply.isAt(begin)) {
      reply.raw(bytes, start, end);
      this.#replyBegin = reply.mark();
    } else {
      this.#kept ??= new Reply();
      this.#kept.raw(bytes, start, end);
    }
    this.link?.send();
  }

  #appendKept(): void {
    for (const part of this.#kept?.take() ?? []) {
      this.reply.raw(part.buffer, 0, part.length);
      releaseReply(part);
    }
    this.#kept = undefined;
  }

  /** Ends WATCH. */
  unwatchAll(): void {
    for (const watched of this.watchedKeys.values()) watched.end();
    this.watchedKeys.clear();
    this.dirty = false;
  }
}
