/**
 * Keeps the second copy of the log up to date while the server runs: `aof-archive-dir`.
 *
 * Promises: no turn waits for the archive's disk, and no error of it reaches the server: it is
 * logged once, shown in INFO (`aof_archive_*`), and tried again after 1 s, then 2 s, up to a minute.
 * Files that a rewrite replaces are held until they are archived. An archive that another server
 * writes is left alone, with the same message, until that server is gone.
 */

import type { InfoLine } from "../commands/info_sections.ts";
import { fromByteText } from "../config/byte_text.ts";
import type { Config } from "../config/config.ts";
import { ArchiveWriter } from "../persistence/archive/archive_writer.ts";
import { DirectorySink } from "../persistence/archive/directory_sink.ts";
import type { LogSource } from "../persistence/archive/log_source.ts";
import { RENEWAL_S } from "../persistence/archive/ownership.ts";
import { joinPath } from "../persistence/files.ts";
import { messageOf } from "../platform/message_of.ts";
import type { BackgroundDisk } from "../platform/background_disk.ts";
import type { Clock } from "../platform/clock.ts";

const RETRY_MIN_MS = 1000;
const RETRY_MAX_MS = 60_000;
/** An orderly end waits this long for the last bytes to be archived. */
const LAST_ROUND_TIMEOUT_MS = 5000;

/** What the archiver needs of the server. */
export interface ArchiverOptions {
  readonly config: Config;
  readonly disk: BackgroundDisk;
  readonly clock: Clock;
  readonly source: LogSource;
  /** The run id of the server. */
  readonly owner: string;
  readonly log: (level: "notice" | "warning", text: string) => void;
}

/** The archive of a server; nothing happens while `aof-archive-dir` is empty. */
export class Archiver {
  readonly #options: ArchiverOptions;
  #writer: ArchiveWriter | undefined;
  #path = "";
  /** Settles when the loop of the writer has ended. */
  #loop: Promise<void> = Promise.resolve();
  /** Ends the pause between two rounds. */
  #wake: (() => void) | undefined;
  /** Whether a round is due whatever the interval says. */
  #isDue = false;
  #lastRound_ms = -Infinity;
  #lastCopy_s = 0;
  #error: string | undefined;
  #retry_ms = RETRY_MIN_MS;
  #stored_bytes = 0;
  #ended = false;

  /** @param options of the server. Begin with {@linkcode Archiver.obey}. */
  constructor(options: ArchiverOptions) {
    this.#options = options;
  }

  /** Goes by `aof-archive-dir` and `aof-archive-interval` as they are now. */
  obey(): void {
    if (this.#ended) return;
    const { values } = this.#options.config;
    const word = fromByteText(values["aof-archive-dir"]);
    const isComplete = word === "" || word.startsWith("/");
    const path = isComplete ? word : joinPath(fromByteText(values.dir), word);
    if (path !== this.#path) {
      this.#path = path;
      this.#writer = undefined; // its loop sees that, ends, and lets go of its files
      this.#error = undefined;
      this.#retry_ms = RETRY_MIN_MS;
      if (path !== "") this.#begin(path);
    }
    this.#wake?.();
  }

  /**
   * The log has begun or ended, has a new file, or a new base: to be called before the files that
   * are replaced by it are removed. Never throws.
   */
  logChanged(): void {
    try {
      this.#writer?.noteFiles();
    } catch (error) {
      this.#failed(error);
    }
    this.#isDue = true;
    this.#wake?.();
  }

  /** Ends it, after a last round for what is on stable storage by now. Never rejects. */
  async stop(): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    const { clock } = this.#options;
    this.#isDue = true;
    this.#wake?.();
    let cancel = () => {};
    const timeout = new Promise<void>((resolve) => {
      cancel = clock.after(LAST_ROUND_TIMEOUT_MS, resolve);
    });
    await Promise.race([this.#loop, timeout]);
    cancel();
    this.#writer = undefined;
    this.#wake?.();
  }

  /** Lines for INFO persistence. */
  *infoLines(): Generator<InfoLine> {
    yield ["aof_archive_enabled", this.#writer === undefined ? 0 : 1];
    if (this.#writer === undefined) return;
    yield ["aof_archive_status", this.#error === undefined ? "ok" : "err"];
    yield ["aof_archive_last_copy_time", this.#lastCopy_s];
    yield ["aof_archive_pending_files", this.#writer.pendingFiles()];
    yield ["aof_archive_lag_bytes", this.#writer.lag_bytes()];
    yield ["aof_archive_stored_bytes", this.#stored_bytes + this.#writer.stored_bytes];
    yield ["aof_archive_last_error", this.#error ?? ""];
  }

  #begin(path: string): void {
    const { config, disk, clock, source, owner, log } = this.#options;
    const writer = new ArchiveWriter({
      sink: new DirectorySink(disk, path, owner),
      disk,
      source,
      clock,
      log,
      owner,
      retention_s: () => config.values["aof-archive-retention"],
    });
    this.#writer = writer;
    this.#isDue = true;
    log("notice", `The append-only file is archived to ${path}`);
    // one loop at a time: the one before ends when what it has under way is done
    this.#loop = this.#loop.then(() => this.#run(writer, path));
  }

  async #run(writer: ArchiveWriter, path: string): Promise<void> {
    let isOpen = false;
    while (this.#writer === writer) {
      const isLast = this.#ended;
      try {
        isOpen = isOpen || await this.#open(writer);
        if (isOpen) isOpen = await this.#round(writer);
        this.#succeeded(path);
      } catch (error) {
        isOpen = false;
        this.#failed(error);
      }
      if (isLast) break;
      await this.#pause(this.#error === undefined ? this.#rest_ms() : this.#retry_ms);
    }
    this.#stored_bytes += writer.stored_bytes;
    try {
      await writer.release();
    } catch { // whoever wants the archive next has to wait for a minute
    }
    writer.close();
  }

  /** False: the log is off, and nothing is due before it begins. */
  async #open(writer: ArchiveWriter): Promise<boolean> {
    const isDue = this.#isDue;
    this.#isDue = false; // a log that begins meanwhile makes it true again
    const isOpen = await writer.open();
    this.#isDue ||= isOpen && isDue;
    return isOpen;
  }

  /** Copies the tail, and pieces of a new base as long as no tail is due; false: the log is off. */
  async #round(writer: ArchiveWriter): Promise<boolean> {
    let hasMore = true;
    while (this.#writer === writer && hasMore) {
      await writer.renew();
      if (this.#isRoundDue()) {
        this.#isDue = false;
        this.#lastRound_ms = this.#options.clock.monotonic_ms();
        if (!(await writer.copyLog())) return false;
        this.#lastCopy_s = Math.floor(this.#options.clock.now_ms() / 1000);
      }
      hasMore = !this.#ended && await writer.copyBase();
    }
    return true;
  }

  #isRoundDue(): boolean {
    const elapsed_ms = this.#options.clock.monotonic_ms() - this.#lastRound_ms;
    return this.#isDue || elapsed_ms >= this.#interval_ms();
  }

  /** The archive is to be kept from others, however long the interval is. */
  #rest_ms(): number {
    return Math.min(this.#interval_ms(), RENEWAL_S * 1000);
  }

  #interval_ms(): number {
    return this.#options.config.values["aof-archive-interval"] * 1000;
  }

  #succeeded(path: string): void {
    if (this.#error !== undefined) {
      this.#options.log("notice", `The archive ${path} can be written again`);
    }
    this.#error = undefined;
    this.#retry_ms = RETRY_MIN_MS;
  }

  #failed(error: unknown): void {
    const message = messageOf(error);
    if (message !== this.#error) {
      this.#options.log(
        "warning",
        `The append-only file cannot be archived: ${message}. Trying again; the server is not ` +
          "affected",
      );
    }
    if (this.#error !== undefined) this.#retry_ms = Math.min(2 * this.#retry_ms, RETRY_MAX_MS);
    this.#error = message;
    this.#isDue = true;
  }

  #pause(duration_ms: number): Promise<void> {
    if (this.#ended || (this.#isDue && this.#error === undefined)) return Promise.resolve();
    return new Promise((resolve) => {
      const done = () => {
        cancel();
        this.#wake = undefined;
        resolve();
      };
      const cancel = this.#options.clock.after(duration_ms, done);
      this.#wake = done;
    });
  }
}
