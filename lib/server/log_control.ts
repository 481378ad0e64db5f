/**
 * When the append-only file is loaded, written and left alone: at the start, for DEBUG RELOAD, and
 * when CONFIG SET turns it on or off.
 *
 * Promise: while it is loaded (`keyspace.loading`) nobody else reads or changes data, and what is
 * replayed is not logged again.
 */

import type { Keyspace } from "../keyspace/keyspace.ts";
import type { ReplayTarget } from "../persistence/aof/loader.ts";
import { messageOf } from "../platform/message_of.ts";
import type { AppendLog } from "./append_log.ts";
import type { Propagation } from "./propagation.ts";
import type { Snapshots } from "./snapshots.ts";
import { NO_LOG, type Turn } from "./turn.ts";

/** As Redis: the log knows more, and paths are nothing for clients. */
const CANNOT_TURN_ON = "Unable to turn on AOF. Check server logs.";

/** What is controlled, and who is told. */
export interface LogControlParts {
  readonly appendLog: AppendLog;
  readonly keyspace: Keyspace;
  readonly effects: Propagation;
  readonly turn: Turn;
  readonly snapshots: Snapshots;
  /** Who carries out the commands of the log. */
  readonly replayTarget: () => ReplayTarget;
  readonly log: (level: "notice" | "warning", text: string) => void;
  /** DEBUG RELOAD while the log is off: the data goes to dump.rdb, and comes from there. */
  readonly saveSnapshot: () => void;
  readonly loadSnapshot: () => Promise<void>;
  /** A log that was to be turned on could not be begun. */
  readonly onFailed: () => void;
  /** The data is lost to this process, though not to the disk: it must end, with status 1. */
  readonly die: () => void;
}

/** See above. */
export class LogControl {
  readonly #parts: LogControlParts;
  /** Whether the log is to be on, as CONFIG SET or the start has said last. */
  #wanted = false;
  /** Resolves when the log is as CONFIG SET has said last, or could not be. */
  #turned: Promise<void> = Promise.resolve();
  /** How often it has said something: what is begun for one gives way to the next. */
  #turns = 0;
  /** Resolves when the data is not being loaded again. */
  #reloading: Promise<void> = Promise.resolve();
  /** Settles when the log that has been turned on is complete; undefined: none is begun. */
  ready: Promise<void> | undefined;

  /** @param parts of the server. */
  constructor(parts: LogControlParts) {
    this.#parts = parts;
  }

  /** Loads the log and goes on writing it; rejects if it cannot be trusted. */
  async start(): Promise<void> {
    const { appendLog, replayTarget } = this.#parts;
    await appendLog.load(replayTarget());
    appendLog.open();
    this.#wanted = true;
    this.#attach();
  }

  /** Begins a log with what is in memory, which was loaded from elsewhere. */
  async begin(): Promise<void> {
    this.#wanted = true;
    await this.#beginAnew(this.#turned);
  }

  /** Writes and forces what there is, and closes; flush first to hear of failures. */
  async close(): Promise<void> {
    await this.#reloading; // it would begin the log again
    await this.#close();
  }

  async #close(): Promise<void> {
    await this.#turned;
    this.#detach();
    await this.#parts.appendLog.close();
  }

  /** DEBUG RELOAD and LOADAOF: empties the keyspace and loads it from the log, or from dump.rdb. */
  reload(): Promise<void> {
    const reloaded = this.#reload();
    this.#reloading = Promise.allSettled([this.#reloading, reloaded]).then(() => {});
    return reloaded;
  }

  async #reload(): Promise<void> {
    const { appendLog, keyspace, snapshots, log, die } = this.#parts;
    const { saveSnapshot, loadSnapshot } = this.#parts;
    let turned: Promise<void>;
    do await (turned = this.#turned); while (turned !== this.#turned);
    if (keyspace.loading) throw new Error("the data is being loaded already");
    if (!appendLog.isInPlace) throw new Error("the log is not in 'dir', which has been changed");
    keyspace.loading = true; // from here on nobody else reads or changes anything
    try {
      snapshots.abort("the data is being loaded again");
      await snapshots.whenFree();
      if (appendLog.isOpen) await appendLog.flush();
      else saveSnapshot();
    } catch (error) {
      keyspace.loading = false;
      throw error;
    }
    const { isOpen } = appendLog;
    try {
      await this.#close();
      for (const db of keyspace.databases()) db.clear();
      await (isOpen ? this.start() : loadSnapshot());
    } catch (error) {
      log("warning", `The data cannot be loaded back: ${error}. Exiting`);
      die();
      throw error;
    } finally {
      keyspace.loading = false;
    }
  }

  /**
   * CONFIG SET appendonly. A log that is turned on is complete when {@linkcode LogControl.ready}
   * resolves.
   *
   * @throws {Error} nothing has changed
   */
  turn(on: boolean): void {
    const { keyspace } = this.#parts;
    if (keyspace.loading) throw new Error("the append-only file is being loaded");
    if (on === this.#wanted) return;
    if (on) this.#openDirectory(); // the likely errors are told at once
    this.#wanted = on;
    const turn = ++this.#turns;
    if (!on) {
      this.ready = undefined;
      this.#turned = this.#turnOff(this.#turned);
      return;
    }
    const ready = this.#beginAnew(this.#turned).finally(() => {
      if (this.ready === ready) this.ready = undefined;
    });
    this.ready = ready;
    this.#turned = ready.catch((error) => {
      this.#tellFailure(error);
      if (turn === this.#turns) this.#parts.onFailed();
    });
  }

  /** Nothing is logged from now on; replies that wait for the log leave when it has been written. */
  async #turnOff(before: Promise<void>): Promise<void> {
    const { appendLog, effects, snapshots, turn, log } = this.#parts;
    snapshots.abort("the log has been turned off", "rewrite");
    effects.attach(undefined);
    await before;
    effects.attach(undefined);
    const tell = (error: unknown) => {
      log("warning", `The end of the append-only file is not written: ${messageOf(error)}`);
    };
    await appendLog.flush().catch(tell);
    turn.log = NO_LOG;
    turn.release();
    await appendLog.close().catch(tell);
  }

  /** A new log: the snapshot is its base, and from its moment on changes are logged. */
  async #beginAnew(before: Promise<void>): Promise<void> {
    const { snapshots, appendLog, log } = this.#parts;
    const turn = this.#turns;
    await before;
    await snapshots.runNext("rewrite", async () => {
      if (turn !== this.#turns) return; // turned off, and perhaps on again, meanwhile
      const { encoder, format } = snapshots.baseFormat();
      const replacement = appendLog.replace();
      try {
        const writer = snapshots.open(replacement.basePath, encoder, true);
        writer.begin();
        this.#attach();
        await writer.finish();
        await replacement.install(format);
        appendLog.replaced();
        log("notice", "The append-only file is on and complete");
      } catch (error) {
        this.#detach();
        await appendLog.close(() => replacement.abort());
        throw error;
      }
    });
  }

  #openDirectory(): void {
    try {
      this.#parts.appendLog.openDirectory();
    } catch (error) {
      this.#tellFailure(error);
      throw new Error(CANNOT_TURN_ON);
    }
  }

  #tellFailure(error: unknown): void {
    this.#parts.log("warning", `The log cannot be turned on: ${messageOf(error)}`);
  }

  #attach(): void {
    const { appendLog, effects, turn } = this.#parts;
    turn.log = appendLog;
    effects.attach(appendLog);
  }

  #detach(): void {
    this.#parts.turn.log = NO_LOG;
    this.#parts.effects.attach(undefined);
  }
}
