/**
 * A log for the tests of the archive: each batch holds one command with the next number, a base says
 * up to which number it goes. So a restored log tells by itself which state it is of, and whether
 * it ever was one.
 */

import { crc32, formatHead, formatSeal } from "../../../lib/persistence/aof/frames.ts";
import { parseManifest } from "../../../lib/persistence/aof/manifest.ts";
import { ArchiveWriter } from "../../../lib/persistence/archive/archive_writer.ts";
import { DirectorySink } from "../../../lib/persistence/archive/directory_sink.ts";
import type { LogFacts, LogSource } from "../../../lib/persistence/archive/log_source.ts";
import type { ArchiveSink } from "../../../lib/persistence/archive/sink.ts";
import { restoreArchive, type RestoreResult } from "../../../lib/persistence/archive/restore.ts";
import { backgroundDisk } from "../../../lib/platform/background_disk.ts";
import type { Clock } from "../../../lib/platform/clock.ts";
import type { DiskFile } from "../../../lib/platform/disk.ts";
import { writeFully } from "../../../lib/persistence/files.ts";
import { memoryLog, resp } from "../kit.ts";
import { latin1Bytes, MemoryDisk } from "../memory_disk.ts";

/** Where the toy log is. */
export const DIRECTORY = "/data/appendonlydir";
/** Where its archive is. */
export const ARCHIVE = "/data/archive";

/** A clock that is moved by hand; what is to be done after a while is done at once. */
export class QuickClock implements Clock {
  now_s = 1_700_000_000;

  now_ms(): number {
    return this.now_s * 1000;
  }
  now_us(): number {
    return this.now_s * 1e6;
  }
  monotonic_ms(): number {
    return this.now_s * 1000;
  }
  every(): () => void {
    throw new Error("the archive needs no such timer");
  }
  after(_delay_ms: number, action: () => void): () => void {
    let isCancelled = false;
    queueMicrotask(() => isCancelled ? undefined : action());
    return () => isCancelled = true;
  }
  block(): void {}
}

/** A disk with the directories of a log and of an archive, which survive anything. */
export function newDisk(): MemoryDisk {
  const disk = new MemoryDisk();
  for (const path of [DIRECTORY, ARCHIVE]) disk.makeDirectory(path);
  disk.syncDirectory("");
  return disk;
}

interface ToyFile {
  readonly seq: number;
  readonly file: DiskFile;
  text: string;
  chain: number;
  /** What it was before its last batch. */
  before: { text: string; chain: number };
}

/** The log. */
export class ToyLog implements LogSource {
  readonly clock: QuickClock;
  readonly disk: MemoryDisk;
  /** The number of the last command. */
  last = 0;
  run = 1;
  isOn = true;
  /** The last number that was written by the end of each second. */
  readonly lastAt = new Map<number, number>();
  #base: number | undefined;
  #files: ToyFile[] = [];
  #synced_bytes = 0;

  /** @param disk where it is, in {@linkcode DIRECTORY}. */
  constructor(disk: MemoryDisk, clock: QuickClock) {
    this.disk = disk;
    this.clock = clock;
    this.#begin(1);
  }

  facts(): LogFacts | undefined {
    if (!this.isOn) return undefined;
    const base = this.#base;
    return {
      directory: DIRECTORY,
      appendFileName: "appendonly.aof",
      base: base === undefined ? undefined : { name: baseName(base), seq: base, type: "base" },
      incrs: this.#files.map(({ seq }) => ({ name: incrName(seq), seq, type: "incr" })),
      written_bytes: this.#files.at(-1)!.text.length,
      synced_bytes: this.#synced_bytes,
      run: this.run,
    };
  }

  /** Writes a batch; `padding` makes it longer. */
  write(padding = 0): void {
    const file = this.#files.at(-1)!;
    this.last++;
    this.#append(file, resp("SET", "n", `${this.last}`, "x".repeat(padding)), 1);
    this.lastAt.set(this.clock.now_s, this.last);
  }

  /** What was written is on stable storage. */
  sync(): void {
    const { file, text } = this.#files.at(-1)!;
    file.sync();
    this.#synced_bytes = text.length;
  }

  /** Seals the last file and begins another. */
  rotate(): void {
    const sealed = this.#files.at(-1)!;
    this.#append(sealed, "", 0);
    this.#begin(sealed.seq + 1);
  }

  /** A rewrite: `rotate` was its beginning, this is its end. */
  installBase(length = 0): void {
    const base = (this.#base ?? 0) + 1;
    const open = this.#files.at(-1)!;
    const covered = this.last - batchesIn(open.text);
    this.disk.put(`${DIRECTORY}/${baseName(base)}`, `BASE ${covered}\n${"z".repeat(length)}`);
    if (this.#base !== undefined) this.disk.remove(`${DIRECTORY}/${baseName(this.#base)}`);
    for (const { seq } of this.#files.slice(0, -1)) {
      this.disk.remove(`${DIRECTORY}/${incrName(seq)}`);
    }
    this.#base = base;
    this.#files = [open];
  }

  /** The last batch is gone, as after a repair. */
  cutLast(): void {
    const file = this.#files.at(-1)!;
    const { text, chain } = file.before;
    Object.assign(file, { text, chain });
    file.file.truncate(text.length);
    this.last--;
    this.sync();
  }

  /** Commands of another server, at the end of the last file. */
  addForeign(text: string): void {
    const file = this.#files.at(-1)!;
    file.text += text;
    writeFully(file.file, latin1Bytes(text), "");
    this.sync();
  }

  #begin(seq: number): void {
    const file = this.disk.open(`${DIRECTORY}/${incrName(seq)}`, "create");
    this.#files.push({ seq, file, text: "", chain: 0, before: { text: "", chain: 0 } });
    this.#synced_bytes = 0;
  }

  #append(file: ToyFile, commands: string, count: number): void {
    const bytes = latin1Bytes(commands);
    const offset = file.text.length;
    const head = formatHead(bytes.length);
    file.before = { text: file.text, chain: file.chain };
    file.chain = crc32(bytes, 0, bytes.length, file.chain);
    const seal = formatSeal({
      offset,
      length: bytes.length,
      commands: count,
      time_s: this.clock.now_s,
      synced: count === 0 ? offset : 0,
      chain: file.chain,
    });
    const text = ascii(head) + commands + ascii(seal);
    file.text += text;
    writeFully(file.file, latin1Bytes(text), "");
  }
}

/** A log of so many commands, no part of which is like one of another length. */
export function toyLogOf(clock: QuickClock = new QuickClock(), batches = 3): ToyLog {
  const log = new ToyLog(newDisk(), clock);
  for (let i = 0; i < batches; i++) log.write(i + batches);
  log.sync();
  return log;
}

/** The archive on `disk`. @param writer who stores there. */
export function archiveSink(disk: MemoryDisk, writer?: string): DirectorySink {
  return new DirectorySink(backgroundDisk(disk), ARCHIVE, writer);
}

/** A writer of the log's archive at any place. */
export function writerTo(sink: ArchiveSink, log: ToyLog, retention_s = 0): ArchiveWriter {
  return new ArchiveWriter({
    sink,
    disk: backgroundDisk(log.disk),
    source: log,
    clock: log.clock,
    log: () => {},
    owner: "toy",
    retention_s: () => retention_s,
  });
}

/** A writer of the log's archive on `disk`, and the lines it logs. */
export function archiveOf(
  log: ToyLog,
  disk: MemoryDisk,
  retention_s = 0,
  owner = "toy",
): { writer: ArchiveWriter; lines: string[] } {
  const { log: write, lines } = memoryLog();
  const writer = new ArchiveWriter({
    sink: new DirectorySink(backgroundDisk(disk), ARCHIVE, owner),
    disk: backgroundDisk(log.disk),
    source: log,
    clock: log.clock,
    log: write,
    owner,
    retention_s: () => retention_s,
  });
  return { writer, lines };
}

/** Copies everything there is, and closes the writer. */
export async function archiveAll(writer: ArchiveWriter): Promise<void> {
  await writer.open();
  await writer.copyLog();
  while (await writer.copyBase()) await writer.copyLog();
  writer.close();
}

/** A restored log: which state it is of. */
export interface Restored extends RestoreResult {
  /** The number of the last command in it. */
  readonly last: number;
}

/** Restores the archive on `disk`; fails where the result is no state that the log has had. */
export async function restored(disk: MemoryDisk, to_time_s?: number): Promise<Restored> {
  const target = new MemoryDisk();
  const into = "/data/restored";
  const result = await restoreArchive({
    disk: target,
    archive: new DirectorySink(backgroundDisk(disk), ARCHIVE),
    into,
    ...(to_time_s === undefined ? {} : { to_time_s }),
    log: () => {},
  });
  const manifest = parseManifest(target.content(`${into}/appendonly.aof.manifest`)!, into);
  const { base } = manifest;
  const names = [...base === undefined ? [] : [base.name], ...manifest.incrs.map((f) => f.name)];
  if (names.join() !== result.files.join()) throw new Error(`${names}, not ${result.files}`);
  let last = 0;
  for (const name of names) {
    const text = target.content(`${into}/${name}`)!;
    if (name === base?.name) last = Number(/^BASE (\d+)\n/.exec(text)![1]);
    else last = readOn(text, last);
  }
  return { ...result, last };
}

/** The number of the last command in a file that goes on behind `last`. */
function readOn(text: string, last: number): number {
  let number = last;
  let offset = 0;
  const batch = /#B:(\d+)\r\n([^]*?)#S:(\d+),(\d+),[^\r]*\r\n/y;
  for (let match; (match = batch.exec(text)) !== null; offset = batch.lastIndex) {
    if (match[2].length !== Number(match[1])) throw new Error(`a batch of ${match[2].length}`);
    if (match[2] === "") continue;
    const found = Number(/\$1\r\nn\r\n\$\d+\r\n(\d+)\r\n/.exec(match[2])![1]);
    if (found !== number + 1) throw new Error(`command ${found} follows ${number}`);
    number = found;
  }
  if (offset !== text.length && text[offset] !== "*") {
    throw new Error(`the file ends within a batch, at ${offset}`);
  }
  return number;
}

function batchesIn(text: string): number {
  return [...text.matchAll(/#B:[1-9]/g)].length;
}

function ascii(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes);
}

function baseName(seq: number): string {
  return `appendonly.aof.${seq}.base.rdb`;
}

function incrName(seq: number): string {
  return `appendonly.aof.${seq}.incr.aof`;
}
