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
}

/** Places per command; a power of two of them in all. */
const SPARSENESS = 4;

/** All commands, by the bytes of their names. */
export class CommandTable {
  readonly #entries: (Entry | undefined)[];
  readonly #mask: number;
  /** What was found last. */
  #last: Entry | undefined;

  /** @param commands by the name they are called by, in small letters. */
  constructor(commands: ReadonlyMap<string, Command>) {
    const places = 1 << (32 - Math.clz32(commands.size * SPARSENESS - 1));
    this.#entries = new Array<Entry | undefined>(places).fill(undefined);
    this.#mask = places - 1;
    for (const [text, command] of commands) {
      const name = Buffer.from(text, "latin1");
      let place = hashName(name, 0, name.length) & this.#mask;
      while (this.#entries[place] !== undefined) place = (place + 1) & this.#mask;
      this.#entries[place] = { name, command };
    }
  }

  /** The command or subcommand that `args` name; undefined: {@linkcode CommandTable.whyNot}. */
  find(args: Args): Command | undefined {
    const command = this.#findName(args);
    if (command?.subcommandTable === undefined || args.count < 2) return command;
    return command.subcommandTable.get(args.text(1).toLowerCase());
  }

  /** The error for arguments that name no command. */
  whyNot(args: Args): string {
    const container = this.#findName(args);
    return container === undefined ? unknownCommand(args) : unknownSubcommand(args);
  }

  #findName(args: Args): Command | undefined {
    const { buf } = args;
    const start = args.bounds[0];
    const length = args.bounds[1] - start;
    const last = this.#last; // pipelines repeat themselves
    if (last !== undefined && last.name.length === length && sameName(last.name, buf, start)) {
      return last.command;
    }
    let place = hashName(buf, start, start + length) & this.#mask;
    for (;;) {
      const entry = this.#entries[place];
      if (entry === undefined) return undefined;
      if (entry.name.length === length && sameName(entry.name, buf, start)) {
        this.#last = entry;
        return entry.command;
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
