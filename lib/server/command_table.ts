/**
 * Finds the command that arguments name, without making a string: open addressing over the bytes of
 * the name in small letters.
 */

import { Buffer } from "node:buffer";
import type { Command } from "../commands/command.ts";
import type { Args } from "../resp/args.ts";
import { unknownCommand, unknownSubcommand } from "./rejections.ts";

interface Entry {
  readonly name: Buffer;
  readonly command: Command;
  /** Of a container. */
  readonly subcommands: NameTable | undefined;
}

/** Places per command; a power of two of them in all. */
const SPARSENESS = 4;

/** All commands, by the bytes of their names. */
export class CommandTable {
  readonly #names: NameTable;

  /** @param commands by the name they are called by, in small letters. */
  constructor(commands: ReadonlyMap<string, Command>) {
    this.#names = new NameTable(commands);
  }

  /** The command or subcommand that `args` name; undefined: {@linkcode CommandTable.whyNot}. */
  find(args: Args): Command | undefined {
    const { buf, bounds } = args;
    const entry = this.#names.find(buf, bounds[0], bounds[1]);
    if (entry?.subcommands === undefined || args.count < 2) return entry?.command;
    return entry.subcommands.find(buf, args.start(1), args.end(1))?.command;
  }

  /** The error for arguments that name no command. */
  whyNot(args: Args): string {
    const container = this.#names.find(args.buf, args.start(0), args.end(0));
    return container === undefined ? unknownCommand(args) : unknownSubcommand(args);
  }
}

/** Commands of one level. */
class NameTable {
  readonly #entries: (Entry | undefined)[];
  readonly #mask: number;
  /** What was found last. */
  #last: Entry | undefined;

  constructor(commands: ReadonlyMap<string, Command>) {
    const places = 1 << (32 - Math.clz32(commands.size * SPARSENESS - 1));
    this.#entries = new Array<Entry | undefined>(places).fill(undefined);
    this.#mask = places - 1;
    for (const [text, command] of commands) {
      const name = Buffer.from(text, "latin1");
      const children = command.subcommandTable;
      let place = hashName(name, 0, name.length) & this.#mask;
      while (this.#entries[place] !== undefined) place = (place + 1) & this.#mask;
      this.#entries[place] = { name, command, subcommands: children && new NameTable(children) };
    }
  }

  find(buf: Uint8Array, start: number, end: number): Entry | undefined {
    const length = end - start;
    const last = this.#last; // pipelines repeat themselves
    if (last !== undefined && last.name.length === length && sameName(last.name, buf, start)) {
      return last;
    }
    let place = hashName(buf, start, end) & this.#mask;
    for (;;) {
      const entry = this.#entries[place];
      if (entry === undefined) return undefined;
      if (entry.name.length === length && sameName(entry.name, buf, start)) {
        return this.#last = entry;
      }
      place = (place + 1) & this.#mask;
    }
  }
}

function hashName(buf: Uint8Array, start: number, end: number): number {
  let hash = end - start;
  for (let at = start; at < end; at++) hash = Math.imul(hash ^ (buf[at] | 32), 0x01000193);
  return hash ^ (hash >>> 15);
}

/** Whether `buf` from `start` on is `name` in small or capital letters. */
function sameName(name: Uint8Array, buf: Uint8Array, start: number): boolean {
  for (let i = 0; i < name.length; i++) {
    let byte = buf[start + i];
    if (byte >= 65 && byte <= 90) byte += 32;
    if (byte !== name[i]) return false;
  }
  return true;
}
