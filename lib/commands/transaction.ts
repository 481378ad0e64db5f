/**
 * The commands between MULTI and EXEC.
 *
 * Promise: a queued command makes no buffer of its own. Arguments are appended to blocks that all
 * commands of a transaction share, and transactions of the usual size are used again and again.
 */

import type { Buffer } from "node:buffer";
import { copyBytes, newBytes } from "../memory/bytes.ts";
import { Args } from "../resp/args.ts";
import type { CommandData } from "./command_data.ts";

const FIRST_BLOCK_BYTES = 1 << 10;
/** Size of the blocks after it, unless a command needs more. */
const BLOCK_BYTES = 1 << 16;
const FIRST_BOUNDS = 128;
/** Transactions kept for later: about as many as there are clients in one at a time. */
const KEPT_MAX = 64;

const kept: Transaction[] = [];

/** Commands that wait for EXEC. */
export class Transaction {
  /** In the order in which they came. */
  readonly commands: CommandData[] = [];
  /** A command could not be queued: EXEC will answer EXECABORT. */
  failed = false;
  /** Bytes of the arguments queued. */
  queuedBytes = 0;

  #blocks: Buffer[] = [newBytes(FIRST_BLOCK_BYTES)];
  /** Bytes in use of the last block. */
  #used = 0;
  /** Of each command: the number of its block, where its bounds begin, and how many it has. */
  readonly #places: number[] = [];
  #bounds = new Int32Array(FIRST_BOUNDS);
  #boundsUsed = 0;
  readonly #args = new Args();

  private constructor() {}

  /** Begins a transaction. */
  static begin(): Transaction {
    return kept.pop() ?? new Transaction();
  }

  /** Queues a command with a copy of its arguments. */
  add(command: CommandData, args: Args): void {
    const { buf, count, size_bytes } = args;
    this.#makeRoom(size_bytes, 2 * count);
    this.commands.push(command);
    this.#places.push(this.#blocks.length - 1, this.#boundsUsed, 2 * count);
    const block = this.#blocks[this.#blocks.length - 1];
    let at = this.#used;
    let bound = this.#boundsUsed;
    for (let i = 0; i < count; i++) {
      const start = args.start(i);
      const end = args.end(i);
      copyBytes(buf, start, end, block, at);
      this.#bounds[bound++] = at;
      this.#bounds[bound++] = at += end - start;
    }
    this.#used = at;
    this.#boundsUsed = bound;
    this.queuedBytes += size_bytes;
  }

  /** Arguments of the command at `index`: valid until others are asked for, or the end. */
  args(index: number): Args {
    const args = this.#args;
    const from = this.#places[3 * index + 1];
    const to = from + this.#places[3 * index + 2];
    args.buf = this.#blocks[this.#places[3 * index]];
    args.count = 0;
    for (let i = from; i < to; i += 2) args.push(this.#bounds[i], this.#bounds[i + 1]);
    return args;
  }

  /** It is over. What has grown is not kept. */
  end(): void {
    const hasGrown = this.#blocks.length > 1 || this.#bounds.length > FIRST_BOUNDS;
    if (hasGrown || kept.length === KEPT_MAX) return;
    this.commands.length = this.#places.length = 0;
    this.failed = false;
    this.queuedBytes = this.#used = this.#boundsUsed = 0;
    kept.push(this);
  }

  #makeRoom(bytes: number, bounds: number): void {
    if (this.#used + bytes > this.#blocks[this.#blocks.length - 1].length) {
      this.#blocks.push(newBytes(Math.max(BLOCK_BYTES, bytes)));
      this.#used = 0;
    }
    if (this.#boundsUsed + bounds > this.#bounds.length) {
      const wider = new Int32Array(2 * (this.#boundsUsed + bounds));
      wider.set(this.#bounds);
      this.#bounds = wider;
    }
  }
}
