/**
 * Rewriting the log in the background: BGREWRITEAOF, `auto-aof-rewrite-percentage`, and the tries
 * after a failure.
 *
 *     1. the next incremental file, empty, stands in the manifest
 *     2. one moment: the log goes over to it, the snapshot begins
 *     3. the base is complete and on stable storage
 *     4. the manifest names the base and the files from 1 on; what it replaces is removed
 *
 * Promise: at every point the manifest names a whole log. Failures never hurt the server: they are
 * logged and told by INFO, and tries by itself become rare.
 */

import type { ServerHandle } from "../commands/context.ts";
import { joinPath } from "../persistence/files.ts";
import { messageOf } from "../platform/message_of.ts";
import { processId } from "../platform/process.ts";
import type { AppendLog } from "./append_log.ts";
import type { Snapshots } from "./snapshots.ts";

/** After so many failures in a row tries become rare (AOF_REWRITE_LIMITE_THRESHOLD). */
const FREE_TRIES = 3;
const DELAY_MIN_MS = 60_000;
const DELAY_MAX_MS = 60 * 60_000;

/** What rewriting needs. */
export interface LogRewritesHost {
  readonly server: ServerHandle;
  readonly appendLog: AppendLog;
  readonly snapshots: Snapshots;
  readonly log: (level: "notice" | "warning", text: string) => void;
  /** Told of each rewrite that has succeeded, in ms. */
  readonly onDone: (duration_ms: number) => void;
}

/** See above. */
export class LogRewrites {
  readonly #host: LogRewritesHost;
  #scheduled = false;
  #began_ms: number | undefined;
  #lastStatus: "ok" | "err" = "ok";
  #lastDuration_s = -1;
  #count = 0;
  #failures = 0;
  /** No try by itself before this. */
  #notBefore_ms = 0;

  /** @param host the server. */
  constructor(host: LogRewritesHost) {
    this.#host = host;
  }

  /**
   * BGREWRITEAOF: begins, now or when what is under way has ended.
   *
   * @throws {Error} with a message for the client
   */
  start(inTransaction: boolean): "started" | "scheduled" {
    if (this.#began_ms !== undefined) {
      throw new Error("ERR Background append only file rewriting already in progress");
    }
    this.#notBefore_ms = 0;
    if (this.#host.snapshots.purpose !== undefined || inTransaction) {
      this.#scheduled = true;
      return "scheduled";
    }
    this.#openDirectory();
    this.#begin();
    return "started";
  }

  /** A rewrite is due as soon as one may begin. */
  schedule(): void {
    this.#scheduled = true;
  }

  /** Now and then: what is scheduled, and the log's growth. */
  cron(now_ms: number): void {
    const { server: { config }, appendLog, snapshots, log } = this.#host;
    if (snapshots.purpose !== undefined || now_ms < this.#notBefore_ms) return;
    if (this.#scheduled) return this.#begin();
    const percentage = config.values["auto-aof-rewrite-percentage"];
    if (percentage === 0 || !appendLog.isOpen) return;
    const { current_bytes, base_bytes } = appendLog.sizes();
    if (current_bytes <= config.values["auto-aof-rewrite-min-size"]) return;
    const growth = Math.floor(current_bytes * 100 / (base_bytes || 1)) - 100;
    if (growth < percentage) return;
    log("notice", `Starting automatic rewriting of AOF on ${growth}% growth`);
    this.#begin();
  }

  /** Its part of INFO persistence. */
  info(): [string, string | number][] {
    const { clock } = this.#host.server;
    const running = this.#began_ms !== undefined;
    return [
      ["aof_rewrite_in_progress", running ? 1 : 0],
      ["aof_rewrite_scheduled", this.#scheduled ? 1 : 0],
      ["aof_last_rewrite_time_sec", this.#lastDuration_s],
      [
        "aof_current_rewrite_time_sec",
        running ? Math.floor((clock.now_ms() - this.#began_ms!) / 1000) : -1,
      ],
      ["aof_last_bgrewrite_status", this.#lastStatus],
      ["aof_rewrites", this.#count],
      ["aof_rewrites_consecutive_failures", this.#failures],
    ];
  }

  /** Sets the statistics to zero (CONFIG RESETSTAT). */
  resetStatistics(): void {
    this.#count = 0;
  }

  /** While nothing is logged the directory may be one that cannot be used: that is told at once. */
  #openDirectory(): void {
    const { appendLog, log } = this.#host;
    try {
      appendLog.openDirectory();
    } catch (error) {
      this.#lastStatus = "err";
      log("warning", `Background AOF rewrite failed: ${messageOf(error)}`);
      throw new Error(
        "ERR Can't execute an AOF background rewriting. Please check the server logs for more " +
          "information.",
      );
    }
  }

  #begin(): void {
    const { server: { clock }, snapshots, log, onDone } = this.#host;
    this.#scheduled = false;
    const began_ms = clock.now_ms();
    this.#began_ms = began_ms;
    this.#count++;
    snapshots.run("rewrite", () => this.#rewrite()).then(
      () => {
        this.#lastStatus = "ok";
        this.#failures = 0;
        log("notice", "Background AOF rewrite finished successfully");
        onDone(clock.now_ms() - began_ms);
      },
      (error) => {
        this.#lastStatus = "err";
        this.#failures++;
        log("warning", `Background AOF rewrite failed: ${messageOf(error)}`);
        this.#putOff();
      },
    ).finally(() => {
      this.#lastDuration_s = Math.floor((clock.now_ms() - began_ms) / 1000);
      this.#began_ms = undefined;
    });
  }

  async #rewrite(): Promise<void> {
    const { server: { config }, appendLog, snapshots, log } = this.#host;
    if (!appendLog.isOpen) return await this.#writeUnused();
    const directory = appendLog.openDirectory();
    const { encoder, format } = snapshots.baseFormat();
    const name = `temp-${directory.options.appendFileName}.base`;
    const path = joinPath(directory.path, name);
    const writer = snapshots.open(path, encoder, config.values["aof-rewrite-incremental-fsync"]);
    const { next, sealed } = await appendLog.changeFile(() => writer.begin())
      .catch((error) => {
        writer.discard();
        throw error;
      });
    log("notice", `Background append only file rewriting started by pid ${processId()}`);
    const ends = await Promise.allSettled([writer.finish(), sealed]);
    for (const end of ends) if (end.status === "rejected") throw end.reason;
    log("notice", `Successfully created the temporary AOF base file ${name}`);
    await appendLog.installBase(path, format, next);
    log("notice", `Background AOF rewrite terminated with success`);
  }

  async #writeUnused(): Promise<void> {
    const { server: { config }, appendLog, snapshots, log } = this.#host;
    const { encoder, format } = snapshots.baseFormat();
    await appendLog.replaceUnused(format, async (path) => {
      const writer = snapshots.open(path, encoder, config.values["aof-rewrite-incremental-fsync"]);
      writer.begin();
      log("notice", `Background append only file rewriting started by pid ${processId()}`);
      await writer.finish();
    });
    log("notice", "Background AOF rewrite terminated with success");
  }

  /** As Redis: free tries first, then a minute, twice as long each time, up to an hour. */
  #putOff(): void {
    if (this.#failures < FREE_TRIES) return;
    const delay_ms = Math.min(DELAY_MIN_MS * 2 ** (this.#failures - FREE_TRIES), DELAY_MAX_MS);
    this.#notBefore_ms = this.#host.server.clock.now_ms() + delay_ms;
    this.#host.log(
      "warning",
      `Background AOF rewrite has repeatedly failed and triggered the limit, will retry in ` +
        `${Math.round(delay_ms / 60_000)} minutes`,
    );
  }
}
