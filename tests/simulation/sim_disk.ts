/**
 * A simulated disk that keeps a journal of all that is done to it (journal.ts), so that afterwards
 * a crash can be staged at every moment of a run (aftermath.ts); and that fails the calls a test
 * picks.
 *
 * Promises: what a call does is in the journal exactly when it was done; a background fsync covers
 * what was written before it was asked for, from the moment it ends; an fsync that fails leaves the
 * bytes it covered to chance for ever, as Linux does.
 */

import type { Disk, DiskFile, FileFacts, OpenMode } from "../../lib/platform/disk.ts";
import { GrowingBytes } from "./bytes.ts";
import { type Call, failed, type Fault, type Operation, refused } from "./faults.ts";
import {
  DIRECTORY,
  directoryOf,
  type DiskOp,
  type Image,
  type Journal,
  type NameChange,
  type NodeId,
} from "./journal.ts";
import { type FileHost, SimFile, type SimNode } from "./sim_file.ts";

/** So many calls are remembered for messages. */
const LAST_CALLS = 12;

const EMPTY: Image = { files: new Map(), directories: new Set(["/data", "/data/archive"]) };

/** The disk. */
export class SimDisk implements Disk, FileHost {
  /** Decides which calls fail. */
  fault: ((call: Call) => Fault | undefined) | undefined;
  /** While true, background fsyncs end only when {@linkcode SimDisk.endBackground} says so. */
  holdBackground = false;
  /** How many calls there were. */
  calls = 0;
  /** Number of the process that uses the disk now. */
  process = 0;
  readonly #start: Image;
  readonly #names = new Map<string, SimNode>();
  readonly #directories: Set<string>;
  readonly #journal: DiskOp[] = [];
  readonly #startNodes = new Map<NodeId, Uint8Array>();
  readonly #startNames = new Map<string, NodeId>();
  #nodes = 0;
  #lastCalls: Call[] = [];
  #background: (() => void)[] = [];

  /** @param start what is on it, all of it safe. */
  constructor(start: Image = EMPTY) {
    this.#start = start;
    this.#directories = new Set(start.directories);
    const nodes = new Map<Uint8Array, SimNode>();
    for (const [path, bytes] of start.files) {
      let node = nodes.get(bytes);
      if (node === undefined) {
        node = this.#newNode(bytes);
        nodes.set(bytes, node);
        this.#startNodes.set(node.id, bytes);
      }
      this.#names.set(path, node);
      this.#startNames.set(path, node.id);
    }
  }

  /** What was done so far; it goes on growing with the disk. */
  get journal(): Journal {
    const { files, directories } = this.#start;
    return {
      start: { files, directories },
      nodes: this.#startNodes,
      names: this.#startNames,
      ops: this.#journal,
    };
  }

  /** How many operations the journal has. */
  get position(): number {
    return this.#journal.length;
  }

  /** What a reader sees, as an image. */
  image(): Image {
    const files = new Map<string, Uint8Array>();
    for (const [path, node] of this.#names) files.set(path, node.bytes.snapshot());
    return { files, directories: new Set(this.#directories) };
  }

  /** The last calls, one a line, the last one first. */
  lastCalls(): string {
    return this.#lastCalls.map(({ index, operation, path }) => `  ${index} ${operation} ${path}`)
      .reverse().join("\n");
  }

  /**
   * The process ends, the machine does not: handles and locks are gone, and so is what was under
   * way in the background. The next process finds what was written, synced or not.
   */
  endProcess(): void {
    this.process++;
    this.#background = [];
    for (const node of this.#names.values()) node.lockedBy = undefined;
  }

  /** How many background fsyncs are under way. */
  get backgroundCount(): number {
    return this.#background.length;
  }

  /** Lets the background fsync number `index` of those under way end. */
  endBackground(index: number): void {
    this.#background.splice(index, 1)[0]?.();
  }

  open(path: string, mode: OpenMode): DiskFile {
    this.enter("open", path);
    let node = this.#names.get(path);
    if (mode === "create" && node !== undefined) throw refused("open", path, "EEXIST");
    if (this.#directories.has(path)) throw refused("open", path, "EISDIR");
    if (node === undefined) {
      if (mode !== "create" && mode !== "replace" && mode !== "lock") {
        throw refused("open", path, "ENOENT");
      }
      this.#needDirectory("open", path);
      node = this.#newNode();
      this.#rename([{ path, node }]);
    }
    if (mode === "replace" && node.bytes.length > 0) this.truncate(node, 0);
    return new SimFile(this, node, path, mode);
  }

  rename(from: string, to: string): void {
    this.enter("rename", from);
    const node = this.#node("rename", from);
    this.#needDirectory("rename", to);
    this.#rename([{ path: from, node: undefined }, { path: to, node }]);
  }

  remove(path: string): void {
    this.enter("remove", path);
    this.#node("remove", path);
    this.#rename([{ path, node: undefined }]);
  }

  link(from: string, to: string): void {
    this.enter("link", from);
    const node = this.#node("link", from);
    if (this.#names.has(to)) throw refused("link", to, "EEXIST");
    this.#needDirectory("link", to);
    this.#rename([{ path: to, node }]);
  }

  async removeInBackground(path: string): Promise<void> {
    await Promise.resolve();
    this.remove(path);
  }

  makeDirectory(path: string): void {
    this.enter("mkdir", path);
    if (this.#directories.has(path)) return;
    const above = directoryOf(path);
    if (above !== "" && !this.#directories.has(above)) this.makeDirectory(above);
    this.#directories.add(path);
    this.record({ kind: "names", changes: [{ path, node: DIRECTORY }] });
  }

  readDirectory(path: string): string[] {
    this.enter("readdir", path);
    this.#needDirectory("readdir", `${path}/`);
    return [...this.#names.keys(), ...this.#directories]
      .filter((name) => directoryOf(name) === path)
      .map((name) => name.slice(path.length + 1)).sort();
  }

  stat(path: string): FileFacts | undefined {
    this.enter("stat", path);
    if (this.#directories.has(path)) return { size_bytes: 0, isDirectory: true };
    const node = this.#names.get(path);
    return node && { size_bytes: node.bytes.length, isDirectory: false };
  }

  readText(path: string): string {
    this.enter("read", path);
    let text = "";
    for (const byte of this.#node("read", path).bytes.peek()) text += String.fromCharCode(byte);
    return text;
  }

  syncDirectory(path: string): void {
    this.enter("syncdir", path);
    this.record({ kind: "sync names", directory: path, upTo: this.position });
  }

  async syncDirectoryInBackground(path: string): Promise<void> {
    const upTo = this.position;
    await this.background();
    this.enter("syncdir", path);
    this.record({ kind: "sync names", directory: path, upTo });
  }

  /** Resolves when a background call may end: at once, or when the test lets it. */
  async background(): Promise<void> {
    const { process } = this;
    if (this.holdBackground) await new Promise<void>((go) => this.#background.push(go));
    else await Promise.resolve();
    if (process !== this.process) await new Promise<void>(() => {}); // nobody is there to hear of it
  }

  /** Counts a call, and fails it if the test wants so; a fault that is only short is handed back. */
  enter(operation: Operation, path: string): Fault | undefined {
    const call = { index: ++this.calls, operation, path };
    if (this.#lastCalls.length === LAST_CALLS) this.#lastCalls.shift();
    this.#lastCalls.push(call);
    const fault = this.fault?.(call);
    const stores = operation === "write" && fault?.written !== undefined;
    if (fault?.code !== undefined && !stores) throw failed(operation, path, fault.code);
    return fault;
  }

  /** Adds to the journal. */
  record(op: DiskOp): void {
    this.#journal.push(op);
  }

  /** Cuts or extends a file. */
  truncate(node: SimNode, size_bytes: number): void {
    node.bytes.resize(size_bytes);
    this.record({ kind: "truncate", node: node.id, size_bytes });
  }

  #newNode(bytes?: Uint8Array): SimNode {
    return { id: this.#nodes++, bytes: new GrowingBytes(bytes), lockedBy: undefined };
  }

  #node(operation: Operation, path: string): SimNode {
    const node = this.#names.get(path);
    if (node === undefined) throw refused(operation, path, "ENOENT");
    return node;
  }

  #needDirectory(operation: Operation, path: string): void {
    if (!this.#directories.has(directoryOf(path))) throw refused(operation, path, "ENOENT");
  }

  #rename(changes: readonly { path: string; node: SimNode | undefined }[]): void {
    const recorded: NameChange[] = [];
    for (const { path, node } of changes) {
      if (node === undefined) this.#names.delete(path);
      else this.#names.set(path, node);
      recorded.push({ path, node: node?.id });
    }
    this.record({ kind: "names", changes: recorded });
  }
}
