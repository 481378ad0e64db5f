/**
 * A simulated disk: keeps what was written apart from what was synced, for names as for bytes, and
 * fails the calls that a test picks.
 *
 * `crash("kill")` is the end of the process: what was written stays, handles and locks are gone.
 * `crash("power")` is the end of the machine: only what was synced stays.
 */

import {
  type Disk,
  DiskError,
  type DiskFile,
  type FileFacts,
  type OpenMode,
} from "../../lib/platform/disk.ts";

/** A call on the disk, numbered from 1. */
export interface DiskCall {
  readonly index: number;
  readonly operation: string;
  readonly path: string;
}

/** What goes wrong in a call. A write stores the first `written` bytes and then, if told, fails. */
export interface Fault {
  readonly code?: "EIO" | "ENOSPC";
  readonly written?: number;
}

const REASONS = { EIO: "Input/output error", ENOSPC: "No space left on device" };

interface Inode {
  bytes: Uint8Array;
  synced: Uint8Array;
  lockedBy: MemoryFile | undefined;
}

function inode(bytes: Uint8Array): Inode {
  return { bytes, synced: bytes, lockedBy: undefined };
}

/** The disk. Directories are known by the paths made with `makeDirectory`. */
export class MemoryDisk implements Disk {
  /** Decides which calls fail. */
  fault: (call: DiskCall) => Fault | undefined = () => undefined;
  /** All calls so far. */
  readonly calls: DiskCall[] = [];
  /** While set, background fsyncs wait for {@linkcode MemoryDisk.releaseSyncs}. */
  holdSyncs = false;
  #names = new Map<string, Inode>();
  #durableNames = new Map<string, Inode>();
  #directories = new Set<string>(["/data"]);
  #durableDirectories = new Set<string>(["/data"]);
  #generation = 0;
  #heldSyncs: (() => void)[] = [];

  /** Puts a file on the disk, synced. */
  put(path: string, content: string): void {
    const node = inode(latin1Bytes(content));
    this.#names.set(path, node);
    this.#durableNames.set(path, node);
  }

  /** Content of a file, one character a byte; undefined if there is none. */
  content(path: string): string | undefined {
    const node = this.#names.get(path);
    return node && latin1(node.bytes);
  }

  /** Synced content of a file, whatever its name's fate. */
  syncedContent(path: string): string | undefined {
    const node = this.#names.get(path);
    return node && latin1(node.synced);
  }

  /** Everything there is: path to content. */
  snapshot(): Record<string, string> {
    return Object.fromEntries([...this.#names].map(([path, node]) => [path, latin1(node.bytes)]));
  }

  /**
   * Ends the process, or the machine. Handles of before are dead. `wasLucky` picks the paths whose
   * last change of name reached the disk although it was not synced.
   */
  crash(how: "kill" | "power", wasLucky: (path: string) => boolean = () => false): void {
    this.#generation++;
    this.#heldSyncs = [];
    if (how === "power") {
      this.#directories = new Set(this.#durableDirectories);
      const survivors = new Map<string, Inode>();
      for (const path of new Set([...this.#names.keys(), ...this.#durableNames.keys()])) {
        if (!this.#directories.has(path.slice(0, path.lastIndexOf("/")))) continue;
        const node = (wasLucky(path) ? this.#names : this.#durableNames).get(path);
        if (node !== undefined) survivors.set(path, node);
      }
      this.#names = survivors;
      this.#durableNames = new Map(survivors);
    }
    for (const node of this.#names.values()) {
      node.lockedBy = undefined;
      if (how === "power") node.bytes = node.synced;
    }
  }

  /** Lets the background fsyncs that wait end. */
  releaseSyncs(): void {
    const held = this.#heldSyncs;
    this.#heldSyncs = [];
    for (const release of held) release();
  }

  /** How many background fsyncs wait. */
  get heldSyncs(): number {
    return this.#heldSyncs.length;
  }

  open(path: string, mode: OpenMode): DiskFile {
    this.enter("open", path);
    let node = this.#names.get(path);
    if (mode === "create" && node !== undefined) {
      throw new DiskError("open", path, "EEXIST", "File exists");
    }
    if (node === undefined) {
      if (mode === "read" || mode === "append" || mode === "update") {
        throw new DiskError("open", path, "ENOENT", "No such file or directory");
      }
      node = inode(new Uint8Array(0));
      this.#names.set(path, node);
    }
    if (mode === "replace") node.bytes = new Uint8Array(0);
    return new MemoryFile(this, node, path, mode, this.#generation);
  }

  rename(from: string, to: string): void {
    this.enter("rename", from);
    const node = this.#names.get(from);
    if (node === undefined) throw new DiskError("rename", from, "ENOENT", "No such file");
    this.#names.delete(from);
    this.#names.set(to, node);
  }

  remove(path: string): void {
    this.enter("remove", path);
    if (!this.#names.delete(path)) throw new DiskError("remove", path, "ENOENT", "No such file");
  }

  async removeInBackground(path: string): Promise<void> {
    await Promise.resolve();
    this.remove(path);
  }

  makeDirectory(path: string): void {
    this.enter("mkdir", path);
    this.#directories.add(path);
  }

  readDirectory(path: string): string[] {
    this.enter("readdir", path);
    const prefix = `${path}/`;
    return [...this.#names.keys()]
      .filter((name) => name.startsWith(prefix) && !name.slice(prefix.length).includes("/"))
      .map((name) => name.slice(prefix.length)).sort();
  }

  stat(path: string): FileFacts | undefined {
    this.enter("stat", path);
    if (this.#directories.has(path)) return { size_bytes: 0, isDirectory: true };
    const node = this.#names.get(path);
    return node && { size_bytes: node.bytes.length, isDirectory: false };
  }

  link(from: string, to: string): void {
    this.enter("link", from);
    const node = this.#names.get(from);
    if (node === undefined) throw new DiskError("link", from, "ENOENT", "No such file");
    if (this.#names.has(to)) throw new DiskError("link", from, "EEXIST", "File exists");
    this.#names.set(to, node);
  }

  async syncDirectoryInBackground(path: string): Promise<void> {
    await this.hold();
    this.syncDirectory(path);
  }

  syncDirectory(path: string): void {
    this.enter("syncdir", path);
    const inside = (name: string) => name.startsWith(`${path}/`);
    for (const name of [...this.#durableNames.keys()].filter(inside)) {
      this.#durableNames.delete(name);
    }
    for (const [name, node] of this.#names) if (inside(name)) this.#durableNames.set(name, node);
    for (const name of this.#directories) if (inside(name)) this.#durableDirectories.add(name);
  }

  readText(path: string): string {
    this.enter("read", path);
    const text = this.content(path);
    if (text === undefined) throw new DiskError("read", path, "ENOENT", "No such file");
    return text;
  }

  /** Counts a call, and fails it if the test wants so; a fault without a code is handed back. */
  enter(operation: string, path: string): Fault | undefined {
    const call = { index: this.calls.length + 1, operation, path };
    this.calls.push(call);
    const fault = this.fault(call);
    const stores = operation === "write" && fault?.written !== undefined;
    if (fault?.code !== undefined && !stores) throw failure(call, fault.code);
    return fault;
  }

  /** Whether handles made in `generation` still live. */
  lives(generation: number): boolean {
    return generation === this.#generation;
  }

  /** Waits if the test wants so. */
  async hold(): Promise<void> {
    if (this.holdSyncs) await new Promise<void>((resolve) => this.#heldSyncs.push(resolve));
  }
}

class MemoryFile implements DiskFile {
  readonly #disk: MemoryDisk;
  readonly #node: Inode;
  readonly #path: string;
  readonly #mode: OpenMode;
  readonly #generation: number;
  #offset = 0;
  #closed = false;

  constructor(disk: MemoryDisk, node: Inode, path: string, mode: OpenMode, generation: number) {
    this.#disk = disk;
    this.#node = node;
    this.#path = path;
    this.#mode = mode;
    this.#generation = generation;
  }

  write(bytes: Uint8Array): number {
    const fault = this.#enter("write");
    if (this.#mode === "read") throw new Error(`write to ${this.#path}, opened for reading`);
    const count = Math.min(bytes.length, fault?.written ?? bytes.length);
    const end = this.#node.bytes.length;
    const at = this.#mode === "update" ? this.#offset : end;
    const grown = new Uint8Array(Math.max(end, at + count));
    grown.set(this.#node.bytes);
    grown.set(bytes.subarray(0, count), at);
    this.#node.bytes = grown;
    this.#offset = at + count;
    if (fault?.code !== undefined) {
      throw failure({ index: 0, operation: "write", path: this.#path }, fault.code);
    }
    return count;
  }

  read(into: Uint8Array): number | null {
    const fault = this.#enter("read");
    const left = this.#node.bytes.subarray(this.#offset);
    if (left.length === 0) return null;
    const count = Math.min(left.length, into.length, fault?.written ?? into.length);
    into.set(left.subarray(0, count));
    this.#offset += count;
    return count;
  }

  seek(offset: number): void {
    this.#enter("seek");
    this.#offset = offset;
  }

  truncate(size_bytes: number): void {
    this.#enter("truncate");
    const cut = new Uint8Array(size_bytes);
    cut.set(this.#node.bytes.subarray(0, size_bytes));
    this.#node.bytes = cut;
  }

  size(): number {
    this.#enter("size");
    return this.#node.bytes.length;
  }

  sync(): void {
    this.#enter("sync");
    this.#node.synced = this.#node.bytes;
  }

  async syncInBackground(): Promise<void> {
    const covered = this.#node.bytes;
    await this.#disk.hold();
    if (!this.#disk.lives(this.#generation)) return;
    this.#enter("sync");
    this.#node.synced = covered;
  }

  tryLock(): boolean {
    this.#enter("lock");
    if (this.#node.lockedBy !== undefined && this.#node.lockedBy !== this) return false;
    this.#node.lockedBy = this;
    return true;
  }

  close(): void {
    if (this.#closed) throw new Error(`${this.#path} is closed twice`);
    this.#closed = true;
    if (this.#node.lockedBy === this) this.#node.lockedBy = undefined;
  }

  #enter(operation: string): Fault | undefined {
    if (this.#closed) throw new Error(`${operation} on ${this.#path}, which is closed`);
    if (!this.#disk.lives(this.#generation)) throw new Error("the process has crashed");
    return this.#disk.enter(operation, this.#path);
  }
}

function failure(call: DiskCall, code: "EIO" | "ENOSPC"): DiskError {
  return new DiskError(call.operation, call.path, code, REASONS[code]);
}

/** A string with one byte a character. */
export function latin1(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
}

/** The bytes of such a string. */
export function latin1Bytes(text: string): Uint8Array {
  return Uint8Array.from(text, (letter) => letter.charCodeAt(0));
}
