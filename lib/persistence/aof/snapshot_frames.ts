/**
 * Frames the commands of a base file, so that rot in it is found (lib/persistence/README.md).
 *
 * What gathers is cut into batches of whole commands; what comes of a command whose end is not there
 * yet waits. A long string is a command that is announced, and goes through bit by bit.
 *
 * The seals say that all before them is on stable storage: no sooner than that is the file a base.
 */

import { CommandEncoder } from "../../resp/encoder.ts";
import { ENDS } from "./file_end.ts";
import { crc32, HEAD_BYTES_MAX, SEAL_BYTES_MAX, writeHead, writeSeal } from "./frames.ts";

const ASTERISK = 42;
/** What Redis's annotations begin with: they stand before the command that they go with. */
const HASH = 35;
const LF = 10;
const ZERO = 48;
/** `\r\n` behind an argument. */
const LINE_END_BYTES = 2;

/** A command that is longer than what is gathered at once. */
interface LongCommand {
  /** Where it begins, in bytes of commands from the first on. */
  readonly at: number;
  readonly length: number;
}

/** See above. */
export class SnapshotFrames {
  readonly #now_s: () => number;
  readonly #line = new Uint8Array(Math.max(HEAD_BYTES_MAX, SEAL_BYTES_MAX));
  /** What waits to be put into a batch, or for the end of its command. */
  readonly #waiting = new CommandEncoder();
  readonly #announced: LongCommand[] = [];
  /** The announced command under way: where its batch begins in the file, and what is to come. */
  #open: { readonly offset: number; readonly length: number; left: number } | undefined;
  /** Bytes of commands that are in batches, and bytes of the file. */
  #commands_bytes = 0;
  #file_bytes = 0;
  #chain = 0;

  /** @param now_s the time in seconds since the epoch. */
  constructor(now_s: () => number) {
    this.#now_s = now_s;
  }

  /** The command that begins `at` so many bytes of commands is of this length, and a batch. */
  announce(at: number, length: number): void {
    this.#announced.push({ at, length });
  }

  /** Adds bytes of commands; what can be framed goes to `into`. */
  add(bytes: Uint8Array, into: CommandEncoder): void {
    let from = 0;
    while (from < bytes.length) {
      if (this.#open !== undefined) {
        from = this.#pass(bytes, from, into);
        continue;
      }
      const next = this.#announced[0];
      const until = next === undefined
        ? bytes.length
        : Math.min(bytes.length, from + next.at - this.#commands_bytes - this.#waiting.length);
      this.#waiting.raw(bytes, from, until);
      from = until;
      this.#cut(into);
      if (next?.at === this.#commands_bytes) this.#begin(this.#announced.shift()!, into);
    }
  }

  /** The batch that ends the file. */
  end(into: CommandEncoder): void {
    if (this.#waiting.length > 0 || this.#open !== undefined || this.#announced.length > 0) {
      throw new Error("snapshot: the last command has no end");
    }
    const offset = this.#file_bytes;
    this.#head(0, into);
    this.#seal(offset, 0, ENDS.file, into);
  }

  /** Makes a batch of the whole commands that wait. */
  #cut(into: CommandEncoder): void {
    const waiting = this.#waiting;
    const { end, commands } = wholeCommands(waiting.buf, waiting.length);
    if (commands === 0) return;
    const offset = this.#file_bytes;
    this.#head(end, into);
    this.#take(waiting.buf, 0, end, into);
    this.#seal(offset, end, commands, into);
    const rest = new Uint8Array(waiting.buf.subarray(end, waiting.length)); // a copy
    waiting.clear();
    waiting.raw(rest, 0, rest.length);
  }

  #begin({ length }: LongCommand, into: CommandEncoder): void {
    this.#open = { offset: this.#file_bytes, length, left: length };
    this.#head(length, into);
  }

  /** Hands on what there is of the announced command; returns the index behind it. */
  #pass(bytes: Uint8Array, from: number, into: CommandEncoder): number {
    const open = this.#open!;
    const to = Math.min(bytes.length, from + open.left);
    this.#take(bytes, from, to, into);
    open.left -= to - from;
    if (open.left === 0) {
      this.#open = undefined;
      this.#seal(open.offset, open.length, 1, into);
    }
    return to;
  }

  #take(bytes: Uint8Array, from: number, to: number, into: CommandEncoder): void {
    this.#chain = crc32(bytes, from, to, this.#chain);
    into.raw(bytes, from, to);
    this.#commands_bytes += to - from;
    this.#file_bytes += to - from;
  }

  #head(length: number, into: CommandEncoder): void {
    const end = writeHead(this.#line, 0, length);
    into.raw(this.#line, 0, end);
    this.#file_bytes += end;
  }

  #seal(offset: number, length: number, commands: number, into: CommandEncoder): void {
    const seal = {
      offset,
      length,
      commands,
      time_s: this.#now_s(),
      synced: offset,
      chain: this.#chain,
    };
    const end = writeSeal(this.#line, 0, seal);
    into.raw(this.#line, 0, end);
    this.#file_bytes += end;
  }
}

/** Where the last whole command in `bytes[0 .. length)` ends, and how many there are. */
function wholeCommands(bytes: Uint8Array, length: number): { end: number; commands: number } {
  let end = 0;
  let commands = 0;
  while (end < length) {
    const next = commandEnd(bytes, end, length);
    if (next < 0) break;
    end = next;
    commands++;
  }
  return { end, commands };
}

/** The index behind the command at `from`, its annotation included; -1: its end is not there. */
function commandEnd(bytes: Uint8Array, from: number, length: number): number {
  const start = bytes[from] === HASH ? headEnd(bytes, from, length) : from;
  if (start < 0 || start === length) return -1;
  if (bytes[start] !== ASTERISK) throw new Error("snapshot: no command begins here");
  let at = headEnd(bytes, start, length);
  if (at < 0) return -1;
  for (let left = numberAt(bytes, start + 1); left > 0; left--) {
    const head = at;
    at = headEnd(bytes, head, length);
    if (at < 0) return -1;
    at += numberAt(bytes, head + 1) + LINE_END_BYTES;
    if (at > length) return -1;
  }
  return at;
}

/** The index behind the line at `start`; -1: its end is not there. */
function headEnd(bytes: Uint8Array, start: number, length: number): number {
  for (let at = start; at < length; at++) if (bytes[at] === LF) return at + 1;
  return -1;
}

/** The number in decimal at `start`. */
function numberAt(bytes: Uint8Array, start: number): number {
  let value = 0;
  for (let at = start; bytes[at] >= ZERO && bytes[at] <= ZERO + 9; at++) {
    value = value * 10 + bytes[at] - ZERO;
  }
  return value;
}
