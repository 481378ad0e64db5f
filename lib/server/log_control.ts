/**
 * When the append-only file is loaded, written and left alone: at the start, for DEBUG RELOAD, and
 * when CONFIG SET turns it on or off.
 *
 * Promise: while it is loaded (`keyspace.loading`) nobody else reads or changes data, and what is
 * replayed is not logged again.
 */

import type { Keyspace } from "../keyspace/keyspace.ts";
import type { ReplayTarget } from "../persistence/aof/loader.ts";
import type { AppendLog } from "./append_log.ts";
import type { Propagation } from "./propagation.ts";
import { NO_LOG, type Turn } from "./turn.ts";

/** What is controlled, and who is told. */
export interface LogControlParts {
  readonly appendLog: AppendLog;
  readonly keyspace: Keyspace;
  readonly effects: Propagation;
  readonly turn: Turn;
  /** Who carries out the commands of the log. */
  readonly replayTarget: () => ReplayTarget;
  readonly log: (level: "notice" | "warning", text: string) => void;
  /** The data is lost to this process, though not to the disk: it must end, with status 1. */
  readonly die: () => void;
}

/** See above. */
export class LogControl {
  readonly #parts: LogControlParts;

  /** @param parts of the server. */
  constructor(parts: LogControlParts) {
    this.#parts = parts;
  }

  /** Loads the log and goes on writing it; rejects if it cannot be trusted. */
  async start(): Promise<void> {
    const { appendLog, replayTarget } = this.#parts;
    await appendLog.load(replayTarget());
    appendLog.open();
    this.#attach();
  }

  /** Writes and forces what there is, and closes; flush first to hear of failures. */
  async close(): Promise<void> {
    this.#detach();
    await this.#parts.appendLog.close();
  }

  /** DEBUG RELOAD and LOADAOF: empties the keyspace and loads it from the log. */
  async reload(): Promise<void> {
    const { appendLog, keyspace, log, die } = this.#parts;
    if (!appendLog.isOpen) {
      throw new Error("the append-only file is off: there is no log to load");
    }
    if (keyspace.loading) throw new Error("the append-only file is being loaded already");
    keyspace.loading = true; // from here on nobody else reads or changes anything
    try {
      await appendLog.flush();
    } catch (error) {
      keyspace.loading = false;
      throw error;
    }
    try {
      await this.close();
      for (const db of keyspace.databases()) db.clear();
      await this.start();
    } catch (error) {
      log("warning", `The log cannot be loaded back: ${error}. Exiting`);
      die();
      throw error;
    } finally {
      keyspace.loading = false;
    }
  }

  /**
   * CONFIG SET appendonly.
   *
   * @throws {Error} the present data could not be written; nothing has changed
   */
  turn(on: boolean): void {
    const { appendLog, keyspace, turn, log } = this.#parts;
    if (keyspace.loading) throw new Error("the append-only file is being loaded");
    if (on === appendLog.isOpen) return;
    if (on) {
      appendLog.openWithSnapshot();
      this.#attach();
    } else {
      this.#detach();
      turn.release();
      appendLog.close().catch((error) => log("warning", String(error)));
    }
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
