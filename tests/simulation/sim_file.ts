/** An open file of the simulated disk. */

import type { DiskFile, OpenMode } from "../../lib/platform/disk.ts";
import type { GrowingBytes } from "./bytes.ts";
import { failed, type Fault, type Operation } from "./faults.ts";
import type { DiskOp, NodeId } from "./journal.ts";

/** A file, whatever its names. */
export interface SimNode {
  readonly id: NodeId;
  /** What a reader sees. */
  readonly bytes: GrowingBytes;
  lockedBy: SimFile | undefined;
}

/** The disk, as far as its files need it. */
export interface FileHost {
  /** How many operations the journal has. */
  readonly position: number;
  /** Counts a call, and fails it if the test wants so. */
  enter(operation: Operation, path: string): Fault | undefined;
  /** Adds to the journal. */
  record(op: DiskOp): void;
  /** Cuts or extends a file. */
  truncate(node: SimNode, size_bytes: number): void;
  /** Resolves when a background call may end. */
  background(): Promise<void>;
  /** Number of the process that uses the disk now. */
  readonly process: number;
}

/** A handle. */
export class SimFile implements DiskFile {
  readonly #disk: FileHost;
  readonly #node: SimNode;
  readonly #path: string;
  readonly #mode: OpenMode;
  readonly #process: number;
  #offset = 0;
  #closed = false;

  /** Opened by the disk. */
  constructor(disk: FileHost, node: SimNode, path: string, mode: OpenMode) {
    this.#disk = disk;
    this.#node = node;
    this.#path = path;
    this.#mode = mode;
    this.#process = disk.process;
  }

  write(bytes: Uint8Array): number {
    const fault = this.#enter("write");
    if (this.#mode === "read") throw new Error(`write to ${this.#path}, opened for reading`);
    const at = this.#mode === "lock" || this.#mode === "update"
      ? this.#offset
      : this.#node.bytes.length;
    const count = Math.min(bytes.length, fault?.written ?? bytes.length);
    if (count > 0) {
      const written = new Uint8Array(bytes.subarray(0, count)); // Buffer.slice would not copy
      this.#node.bytes.write(at, written);
      this.#disk.record({ kind: "write", node: this.#node.id, at, bytes: written });
      this.#offset = at + count;
    }
    if (fault?.code !== undefined) throw failed("write", this.#path, fault.code);
    return count;
  }

  read(into: Uint8Array): number | null {
    const fault = this.#enter("read");
    const left = this.#node.bytes.length - this.#offset;
    if (left <= 0) return null;
    const count = Math.min(left, into.length, Math.max(1, fault?.written ?? into.length));
    into.set(this.#node.bytes.peek().subarray(this.#offset, this.#offset + count));
    this.#offset += count;
    return count;
  }

  seek(offset: number): void {
    this.#enter("seek");
    this.#offset = offset;
  }

  truncate(size_bytes: number): void {
    this.#enter("truncate");
    this.#disk.truncate(this.#node, size_bytes);
  }

  size(): number {
    this.#enter("size");
    return this.#node.bytes.length;
  }

  sync(): void {
    this.#syncUpTo(this.#disk.position);
  }

  async syncInBackground(): Promise<void> {
    const upTo = this.#disk.position;
    await this.#disk.background();
    this.#syncUpTo(upTo);
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
    this.#disk.enter("close", this.#path);
  }

  #syncUpTo(upTo: number): void {
    const { id } = this.#node;
    try {
      this.#enter("sync");
    } catch (error) {
      this.#disk.record({ kind: "doubt", node: id, upTo });
      throw error;
    }
    this.#disk.record({ kind: "sync", node: id, upTo });
  }

  #enter(operation: Operation): Fault | undefined {
    if (this.#process !== this.#disk.process) {
      throw new Error(`${operation} on ${this.#path}: the process has ended`);
    }
    if (this.#closed) throw new Error(`${operation} on ${this.#path}, which is closed`);
    return this.#disk.enter(operation, this.#path);
  }
}
