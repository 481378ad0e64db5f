/**
 * Goes through a file of a log from front to back, as loading does, but executes nothing.
 *
 * Promise: what is shown to the visitor has been verified - a framed batch by its checksum, before
 * its first command is shown -, and the verdict follows the rules in lib/persistence/README.md: what
 * is called whole here loads, and what is called torn is cut there at the same offset.
 */

import type { DiskFile } from "../platform/disk.ts";
import { StorageError } from "../persistence/errors.ts";
import type { AofFile } from "../persistence/files.ts";
import { type BatchesEnd, BatchVerifier, type Flaw } from "../persistence/aof/batch_verifier.ts";
import { endsFile } from "../persistence/aof/file_end.ts";
import { FileWindow } from "../persistence/aof/file_window.ts";
import { beginsFramed } from "../persistence/aof/framing.ts";
import { latin1 } from "../memory/bytes.ts";
import { inspectTail } from "../persistence/aof/tail.ts";
import { checkRdb, type RdbReport } from "../persistence/rdb/check.ts";
import { ProtocolError } from "../resp/decoder.ts";
import { CommandFeed } from "./command_feed.ts";
import type { ToolIo } from "./io.ts";
import type { Progress } from "./progress.ts";
import type { FileFormat, FileWalk, Verdict, Visitor } from "./walk.ts";

/** Bytes without frames are taken in pieces of this size. */
const PIECE_BYTES = 256 * 1024;

/**
 * Walks over a file.
 *
 * @throws {DiskError} it cannot be read
 */
export async function walkFile(
  io: ToolIo,
  file: AofFile,
  progress: Progress,
  visitor: Visitor = {},
): Promise<FileWalk> {
  if (io.disk.stat(file.path) === undefined) return missing(file);
  progress.label = file.name;
  const handle = io.disk.open(file.path, "read");
  try {
    return await new Walk(io, file, handle, progress, visitor).run();
  } finally {
    handle.close();
  }
}

function missing(file: AofFile): FileWalk {
  return {
    file,
    size_bytes: 0,
    format: "empty",
    rdb: undefined,
    batches: 0,
    commands: 0,
    good_bytes: 0,
    foreign_at: undefined,
    isSealed: false,
    isComplete: false,
    first_s: undefined,
    last_s: undefined,
    verdict: { kind: "missing", reason: "the manifest names it, but it does not exist" },
    isStopped: false,
  };
}

const WHOLE: Verdict = { kind: "whole" };

/** What is told of a batch that is not as it was written. */
const FLAWS: Record<Flaw, string> = {
  "no batch begins here": "no line '#B:<length>' begins here",
  "the file ends within the batch": "the file ends within the batch",
  "the batch has no seal": "the batch has no valid '#S' line behind it",
  "the seal is of another batch": "the batch's '#S' line belongs to another one",
  "the checksum does not fit the bytes": "the checksum of the batch is wrong",
};

class Walk {
  readonly #io: ToolIo;
  readonly #file: AofFile;
  readonly #handle: DiskFile;
  readonly #progress: Progress;
  readonly #visitor: Visitor;
  readonly #bytes: FileWindow;
  readonly #feed: CommandFeed;
  #rdb: RdbReport | undefined;
  #batches = 0;
  #foreignAt: number | undefined;
  #isSealed = false;
  #isComplete = false;
  #isStopped = false;

  constructor(
    io: ToolIo,
    file: AofFile,
    handle: DiskFile,
    progress: Progress,
    visitor: Visitor,
  ) {
    this.#io = io;
    this.#file = file;
    this.#handle = handle;
    this.#progress = progress;
    this.#visitor = visitor;
    this.#bytes = new FileWindow(handle);
    this.#feed = new CommandFeed(file, this.#bytes, visitor);
  }

  async run(): Promise<FileWalk> {
    const format = this.#format();
    if (format === "framed") return this.#report(format, ...this.#framed());
    if (format === "rdb") {
      const broken = await this.#snapshot();
      if (broken !== undefined) return this.#report(format, broken, 0);
      await this.#visitor.snapshot?.(this.#file, this.#rdb!);
    }
    return this.#report(format, ...this.#plain(this.#rdb?.end_bytes ?? 0));
  }

  #format(): FileFormat {
    const start = latin1(this.#bytes.view(0, 5));
    if (start === "") return "empty";
    if (start === "REDIS") return "rdb";
    return beginsFramed(this.#handle, this.#file.framed) ? "framed" : "plain";
  }

  /** Checks the snapshot that the file begins with; returns what is wrong with it. */
  async #snapshot(): Promise<Verdict | undefined> {
    let told_bytes = 0;
    try {
      this.#rdb = await checkRdb({
        file: this.#handle,
        path: this.#file.path,
        verify: true,
        clock: this.#io.clock,
        seed: this.#io.seed,
        onProgress: (bytes) => {
          this.#progress.add(bytes - told_bytes);
          told_bytes = bytes;
        },
      });
      return undefined;
    } catch (error) {
      if (!(error instanceof StorageError)) throw error;
      return { kind: "damaged", reason: error.message, lost: undefined };
    }
  }

  /** Verdict over a file of batches, and up to where it is good. */
  #framed(): [Verdict, number] {
    const batches = new BatchVerifier(this.#handle, this.#bytes);
    for (let start = 0; batches.next(); start = batches.offset) {
      const problem = this.#show(batches);
      if (problem !== undefined) return [problem, start];
      if (this.#isStopped) return this.#atEnd();
      this.#progress.add(batches.offset - start);
    }
    return this.#behind(batches.end, batches.offset);
  }

  /** Shows a verified batch. Returns a verdict if its commands cannot be read all the same. */
  #show({ seal: ofBatch, data_start, offset, chain_before }: BatchVerifier): Verdict | undefined {
    const seal = ofBatch!;
    const isEmpty = seal.length === 0;
    this.#isSealed = isEmpty && seal.synced >= seal.offset;
    this.#isComplete = endsFile(seal);
    if (!isEmpty) this.#batches++;
    const data_end = data_start + seal.length;
    const batch = { number: this.#batches, seal, data_start, data_end, chain_before };
    if (!isEmpty && this.#visitor.batch?.(batch) === false) {
      this.#isStopped = true;
      return undefined;
    }
    try {
      this.#isStopped = !this.#feed.batch(batch, offset);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      const reason = `the batch is as it was written, but not made of commands: ${error.message}`;
      return { kind: "damaged", reason, lost: undefined };
    }
    return undefined;
  }

  /** Behind the last batch there is nothing, another server's bytes, a torn end, or damage. */
  #behind(end: BatchesEnd, at: number): [Verdict, number] {
    if (end.kind === "whole") return this.#atEnd();
    if (end.kind === "foreign") {
      this.#foreignAt = at;
      this.#isSealed = false;
      this.#isComplete = false;
      return this.#plain(at);
    }
    const { kind, later: lost } = end;
    const why = kind === "torn"
      ? "; it was never safe"
      : `, yet it was safe: a later batch says that ${lost.synced} bytes were`;
    return [{ kind, reason: FLAWS[end.flaw] + why, lost }, at];
  }

  /** Verdict over bytes without frames from `start` to the end. */
  #plain(start: number): [Verdict, number] {
    const size = this.#bytes.size_bytes;
    if (start >= size) return this.#atEnd();
    for (let at = start; at < size && !this.#isStopped; at += PIECE_BYTES) {
      const end = Math.min(at + PIECE_BYTES, size);
      try {
        this.#isStopped = !this.#feed.plain(at, end);
      } catch (error) {
        if (!(error instanceof ProtocolError)) throw error;
        const reason =
          `the command at offset ${this.#feed.whole_to} cannot be read: ${error.message}`;
        return [{ kind: "damaged", reason, lost: undefined }, this.#feed.last_end];
      }
      this.#progress.add(end - at);
    }
    const wholeTo = this.#feed.whole_to;
    if (this.#isStopped || wholeTo >= size) return this.#atEnd();
    const tail = inspectTail(this.#handle, wholeTo);
    if (tail.kind === "damaged") {
      return [{ kind: "damaged", reason: tail.reason, lost: undefined }, this.#feed.last_end];
    }
    return [{ kind: "torn", reason: "the file ends within a command", lost: undefined }, wholeTo];
  }

  /** All bytes were read: only a transaction may be missing its end. */
  #atEnd(): [Verdict, number] {
    if (this.#isStopped || !this.#feed.isInTransaction) return [WHOLE, this.#bytes.size_bytes];
    const reason = "the file ends within a transaction (MULTI without EXEC)";
    // A batch holds whole transactions: no crash takes one apart.
    const isBroken = this.#batches > 0 && this.#foreignAt === undefined;
    return [
      { kind: isBroken ? "damaged" : "torn", reason, lost: undefined },
      this.#feed.unit_start,
    ];
  }

  #report(format: FileFormat, verdict: Verdict, good_bytes: number): FileWalk {
    const feed = this.#feed;
    const isOpen = verdict.kind !== "whole" && feed.isInTransaction;
    return {
      file: this.#file,
      size_bytes: this.#bytes.size_bytes,
      format,
      rdb: this.#rdb,
      batches: this.#batches,
      commands: feed.commands,
      good_bytes: isOpen ? Math.min(good_bytes, feed.unit_start) : good_bytes,
      foreign_at: this.#foreignAt,
      isSealed: this.#isSealed,
      isComplete: this.#isComplete,
      first_s: feed.first_s,
      last_s: feed.last_s,
      verdict,
      isStopped: this.#isStopped,
    };
  }
}
