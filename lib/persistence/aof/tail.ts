/**
 * What is left at the end of a file after its last whole command: a torn write, or damage?
 *
 * A torn write leaves a prefix of a command. Damage can look the same to a decoder: where a length
 * was changed from 3 to 3000, everything behind it seems to be one unfinished argument, and cutting
 * there would silently drop every later command. So the tail is looked at twice: is it the prefix
 * of a command, byte for byte; and does a whole command stand anywhere in it?
 *
 * Promise: a tail is called torn only if it is a prefix of a command with no whole command inside.
 * (A torn value that itself contains an encoded command is refused too: the safe side.)
 */

import type { DiskFile } from "../../platform/disk.ts";

const CR = 13;
const LF = 10;
const ASTERISK = 42;
const DOLLAR = 36;
const HASH = 35;
const WINDOW_BYTES = 64 * 1024;
/** Digits of the longest count or length that any server writes. */
const DIGITS_MAX = 15;
/** Longest command name that is taken for one. */
const NAME_BYTES_MAX = 64;

/** What a tail is. */
export type TailVerdict =
  | { readonly kind: "torn" }
  | { readonly kind: "damaged"; readonly reason: string };

/**
 * Looks at the bytes of `file` from `start`, where a command begins, to the end.
 *
 * @throws {DiskError} the file cannot be read
 */
export function inspectTail(file: DiskFile, start: number): TailVerdict {
  const window = new ByteWindow(file);
  if (window.at(start) === HASH) return { kind: "torn" }; // an annotation without its line end
  const first = walkCommand(window, start);
  if (first.kind === "wrong") {
    return { kind: "damaged", reason: `unexpected byte at offset ${first.offset}` };
  }
  const later = findWholeCommand(window, start + 1);
  if (later === undefined) return { kind: "torn" };
  return {
    kind: "damaged",
    reason: `it has no end, yet a whole command follows at offset ${later}: ` +
      "a length is wrong",
  };
}

type Walk =
  | { readonly kind: "whole" }
  | { readonly kind: "torn" }
  | { readonly kind: "wrong"; readonly offset: number };

const TORN: Walk = { kind: "torn" };

function wrong(offset: number): Walk {
  return { kind: "wrong", offset };
}

/** Follows one command from `start` on. */
function walkCommand(window: ByteWindow, start: number): Walk {
  const header = readHeader(window, start, ASTERISK);
  if ("kind" in header) return header;
  let at = header.next;
  for (let i = 0; i < header.value; i++) {
    const bulk = readHeader(window, at, DOLLAR);
    if ("kind" in bulk) return bulk;
    at = bulk.next + bulk.value;
    for (const expected of [CR, LF]) {
      const byte = window.at(at);
      if (byte < 0) return TORN;
      if (byte !== expected) return wrong(at);
      at++;
    }
  }
  return header.value > 0 ? { kind: "whole" } : wrong(start);
}

/** Reads `<letter><digits>\r\n`. */
function readHeader(
  window: ByteWindow,
  start: number,
  letter: number,
): Walk | { value: number; next: number } {
  const first = window.at(start);
  if (first < 0) return TORN;
  if (first !== letter) return wrong(start);
  let at = start + 1;
  let value = 0;
  for (; at - start <= DIGITS_MAX; at++) {
    const digit = window.at(at) - 48;
    if (digit < 0 || digit > 9) break;
    value = value * 10 + digit;
  }
  if (window.at(at) < 0) return TORN;
  if (at === start + 1) return wrong(at);
  for (const expected of [CR, LF]) {
    const byte = window.at(at);
    if (byte < 0) return TORN;
    if (byte !== expected) return wrong(at);
    at++;
  }
  return { value, next: at };
}

/** The offset of the first whole command at a line's start from `start` on. */
function findWholeCommand(window: ByteWindow, start: number): number | undefined {
  let atLineStart = false;
  for (let at = start;; at++) {
    const byte = window.at(at);
    if (byte < 0) return undefined;
    if (byte === ASTERISK && atLineStart && isCommand(window, at)) return at;
    atLineStart = byte === LF;
  }
}

/** Whether a whole command with a name of letters stands at `start`. */
function isCommand(window: ByteWindow, start: number): boolean {
  const header = readHeader(window, start, ASTERISK);
  if ("kind" in header) return false;
  const name = readHeader(window, header.next, DOLLAR);
  if ("kind" in name || name.value === 0 || name.value > NAME_BYTES_MAX) return false;
  for (let i = 0; i < name.value; i++) {
    const byte = window.at(name.next + i) | 32;
    if (byte < 97 || byte > 122) return false;
  }
  return walkCommand(window, start).kind === "whole";
}

/** Bytes of a file by offset, read a window at a time. */
class ByteWindow {
  readonly #file: DiskFile;
  readonly #size: number;
  readonly #bytes = new Uint8Array(WINDOW_BYTES);
  #start = 0;
  #length = 0;

  constructor(file: DiskFile) {
    this.#file = file;
    this.#size = file.size();
  }

  /** The byte at `offset`; -1 past the end. */
  at(offset: number): number {
    if (offset >= this.#size) return -1;
    if (offset < this.#start || offset >= this.#start + this.#length) this.#load(offset);
    return offset < this.#start + this.#length ? this.#bytes[offset - this.#start] : -1;
  }

  #load(offset: number): void {
    this.#file.seek(offset);
    this.#start = offset;
    this.#length = 0;
    while (this.#length < this.#bytes.length) {
      const count = this.#file.read(this.#bytes.subarray(this.#length));
      if (count === null || count === 0) return;
      this.#length += count;
    }
  }
}
