/**
 * What is found on a disk after a crash.
 *
 * {@linkcode Aftermath} follows a journal, one operation after the other, and at each place can say
 * what the disk may hold if the process, or the machine, ends there:
 *
 *     kill     what was written, all of it; of the write under way, some first bytes
 *     power    what was synced, and of the rest a random part: writes page by page, in any order,
 *              torn at any byte; the size of a file without its bytes (zeros are read then); names
 *              each for itself, in any order - but a rename whole or not at all
 *
 * An image costs as much as what was not yet synced: what was is shared between all of them.
 */

import type { Seeded } from "../kit/flags.ts";
import { GrowingBytes } from "./bytes.ts";
import {
  DIRECTORY,
  directoryOf,
  type DiskOp,
  type Image,
  type Journal,
  type NameChange,
  type NodeId,
} from "./journal.ts";

/** How much of what was not synced survives a power failure. */
export type Survival =
  /** Nothing. */
  | "nothing"
  /** What came first, up to some byte; a file system that writes in order. */
  | "in order"
  /** Each page by chance. */
  | "any page"
  /** Everything. */
  | "everything";

/** Every way, the most telling one more often. */
export const SURVIVALS: readonly Survival[] = [
  "any page",
  "nothing",
  "any page",
  "in order",
  "any page",
  "everything",
];

/** Pages of real disks and file systems, and one so small that short logs have many. */
const PAGE_SIZES_BYTES = [4096, 512, 64] as const;

type Change = Extract<DiskOp, { kind: "write" | "truncate" }>;

interface PendingChange {
  readonly op: Change;
  readonly index: number;
  /** Covered by an fsync that worked. */
  durable: boolean;
  /** Covered by an fsync that failed: no later one helps. */
  doubtful: boolean;
}

interface FileState {
  /** What is certainly on stable storage. */
  readonly settled: GrowingBytes;
  /** What a reader sees. */
  readonly written: GrowingBytes;
  /** Changes from the first on that is not certain. */
  pending: PendingChange[];
}

interface PendingNames {
  readonly changes: readonly NameChange[];
  readonly index: number;
  /** Directories that have not been synced since. */
  readonly unsynced: Set<string>;
}

function apply(bytes: GrowingBytes, op: Change): void {
  if (op.kind === "write") bytes.write(op.at, op.bytes);
  else bytes.resize(op.size_bytes);
}

/** A disk's states after a crash, place by place in its journal. */
export class Aftermath {
  /** How many operations are done. */
  position = 0;
  readonly #ops: readonly DiskOp[];
  readonly #files = new Map<NodeId, FileState>();
  readonly #settledNames: Map<string, NodeId>;
  readonly #writtenNames: Map<string, NodeId>;
  #pendingNames: PendingNames[] = [];

  /** Begins before the first operation. */
  constructor(journal: Journal) {
    this.#ops = journal.ops;
    for (const [node, bytes] of journal.nodes) this.#files.set(node, newState(bytes));
    this.#settledNames = new Map(journal.names);
    for (const path of journal.start.directories) this.#settledNames.set(path, DIRECTORY);
    this.#writtenNames = new Map(this.#settledNames);
  }

  /** Takes in the next operation; false if there is none. */
  advance(): boolean {
    if (this.position === this.#ops.length) return false;
    const index = this.position++;
    const op = this.#ops[index];
    if (op.kind === "write" || op.kind === "truncate") this.#change(op, index);
    else if (op.kind === "names") this.#rename(op.changes, index);
    else if (op.kind === "sync names") this.#syncNames(op.directory, op.upTo);
    else if (op.kind === "sync") this.#sync(op.node, op.upTo);
    else this.#doubt(op.node, op.upTo);
    return true;
  }

  /** The process ends. Of the write that would be next its first `torn_bytes` are done. */
  kill(torn_bytes = 0): Image {
    const next = this.#ops[this.position];
    return this.#image(this.#writtenNames, (node, file) => {
      if (torn_bytes === 0 || next?.kind !== "write" || next.node !== node) {
        return file.written.snapshot();
      }
      const torn = new GrowingBytes(file.written.snapshot());
      torn.write(next.at, next.bytes.subarray(0, torn_bytes));
      return torn.snapshot();
    });
  }

  /** Length of the write that would be next; 0: it is something else. */
  get nextWrite_bytes(): number {
    const next = this.#ops[this.position];
    return next?.kind === "write" ? next.bytes.length : 0;
  }

  /** The machine ends. */
  power(survival: Survival, random: Seeded): Image {
    const names = this.#survivingNames(survival, random);
    const page_bytes = random.pick(PAGE_SIZES_BYTES);
    const odds = random.pick([0.1, 0.5, 0.9]);
    return this.#image(names, (_node, file) => {
      if (file.pending.length === 0 || survival === "nothing" && !hasDurable(file)) {
        return file.settled.snapshot();
      }
      if (survival === "everything") return file.written.snapshot();
      return survivingBytes(file, survival, { random, page_bytes, odds });
    });
  }

  #change(op: Change, index: number): void {
    let file = this.#files.get(op.node);
    if (file === undefined) this.#files.set(op.node, file = newState());
    apply(file.written, op);
    file.pending.push({ op, index, durable: false, doubtful: false });
  }

  #sync(node: NodeId, upTo: number): void {
    const file = this.#files.get(node);
    if (file === undefined) return;
    for (const change of file.pending) {
      if (change.index < upTo && !change.doubtful) change.durable = true;
    }
    const uncertain = file.pending.findIndex(({ durable }) => !durable);
    const settled = uncertain < 0 ? file.pending : file.pending.slice(0, uncertain);
    for (const { op } of settled) apply(file.settled, op);
    file.pending = uncertain < 0 ? [] : file.pending.slice(uncertain);
  }

  #doubt(node: NodeId, upTo: number): void {
    for (const change of this.#files.get(node)?.pending ?? []) {
      if (change.index < upTo && !change.durable) change.doubtful = true;
    }
  }

  #rename(changes: readonly NameChange[], index: number): void {
    for (const change of changes) applyName(this.#writtenNames, change);
    const unsynced = new Set(changes.map(({ path }) => directoryOf(path)));
    this.#pendingNames.push({ changes, index, unsynced });
  }

  #syncNames(directory: string, upTo: number): void {
    this.#pendingNames = this.#pendingNames.filter(({ changes, index, unsynced }) => {
      if (index < upTo) unsynced.delete(directory);
      if (unsynced.size > 0) return true;
      for (const change of changes) applyName(this.#settledNames, change);
      return false;
    });
  }

  #survivingNames(survival: Survival, random: Seeded): ReadonlyMap<string, NodeId> {
    if (survival === "nothing" || this.#pendingNames.length === 0) return this.#settledNames;
    if (survival === "everything") return this.#writtenNames;
    const names = new Map(this.#settledNames);
    let survivors = this.#pendingNames;
    if (survival === "in order") {
      survivors = survivors.slice(0, random.between(0, survivors.length));
    } else {
      survivors = survivors.filter(() => random.chance(0.5));
      if (random.chance(0.5)) shuffle(survivors, random);
    }
    for (const { changes } of survivors) {
      for (const change of changes) applyName(names, change);
    }
    return names;
  }

  #image(
    names: ReadonlyMap<string, NodeId>,
    content: (node: NodeId, file: FileState) => Uint8Array,
  ): Image {
    const directories = new Set<string>();
    const files = new Map<string, Uint8Array>();
    const contents = new Map<NodeId, Uint8Array>();
    for (const [path, node] of names) if (node === DIRECTORY) directories.add(path);
    for (const [path, node] of names) {
      if (node === DIRECTORY || !directories.has(directoryOf(path))) continue;
      let bytes = contents.get(node);
      if (bytes === undefined) {
        let file = this.#files.get(node);
        if (file === undefined) this.#files.set(node, file = newState());
        contents.set(node, bytes = content(node, file));
      }
      files.set(path, bytes);
    }
    return { files, directories };
  }
}

function newState(bytes?: Uint8Array): FileState {
  return { settled: new GrowingBytes(bytes), written: new GrowingBytes(bytes), pending: [] };
}

function hasDurable({ pending }: FileState): boolean {
  return pending.some(({ durable }) => durable);
}

function applyName(names: Map<string, NodeId>, { path, node }: NameChange): void {
  if (node === undefined) names.delete(path);
  else names.set(path, node);
}

function shuffle<T>(items: T[], random: Seeded): void {
  for (let i = items.length - 1; i > 0; i--) {
    const j = random.below(i + 1);
    [items[i], items[j]] = [items[j], items[i]];
  }
}

/** How chance decides about the bytes of a file. */
interface Odds {
  readonly random: Seeded;
  readonly page_bytes: number;
  /** Of a page to survive. */
  readonly odds: number;
}

function survivingBytes(file: FileState, survival: Survival, odds: Odds): Uint8Array {
  const { random } = odds;
  const bytes = new GrowingBytes(file.settled.snapshot());
  /** In order: so many changes survive, and of the next one the first bytes. */
  const whole = survival === "in order" ? random.between(0, file.pending.length) : 0;
  file.pending.forEach(({ op, durable }, i) => {
    if (durable || i < whole) apply(bytes, op);
    else if (survival === "any page") applyByChance(bytes, op, odds);
    else if (survival === "in order" && i === whole && op.kind === "write") {
      bytes.write(op.at, op.bytes.subarray(0, random.between(0, op.bytes.length)));
    }
  });
  return bytes.snapshot();
}

function applyByChance(bytes: GrowingBytes, op: Change, { random, page_bytes, odds }: Odds): void {
  if (op.kind === "truncate") {
    if (random.chance(odds)) bytes.resize(op.size_bytes);
    return;
  }
  const end = op.at + op.bytes.length;
  for (let at = op.at; at < end;) {
    const next = Math.min(end, (Math.floor(at / page_bytes) + 1) * page_bytes);
    if (random.chance(odds)) {
      let [from, to] = [at, next];
      if (random.chance(0.1)) { // a torn page
        const tear = random.between(at, next);
        if (random.chance(0.8)) to = tear;
        else from = tear;
      }
      if (from < to) bytes.write(from, op.bytes.subarray(from - op.at, to - op.at));
    }
    at = next;
  }
  // The size reached the disk, the bytes did not.
  if (bytes.length < end && random.chance(0.3)) bytes.resize(end);
}
