/** Which commands of a log `redeno aof dump` shows. */

import type { Command } from "../commands/command.ts";
import { findKeys } from "../commands/key_extraction.ts";
import { commands } from "../commands/table.ts";
import { globMatchRange } from "../numbers/glob.ts";
import type { Args } from "../resp/args.ts";
import type { Options } from "./options.ts";
import type { Place } from "./walk.ts";

/** What touches every key of a database, or of all: a question about one key is about these too. */
const WHOLESALE: ReadonlySet<string> = new Set(["flushall", "flushdb", "swapdb"]);
/** Of these the ones that reach beyond the database that is selected. */
const ACROSS: ReadonlySet<string> = new Set(["flushall", "swapdb"]);

/** The filters of a command line; a filter that is not given lets everything through. */
export class DumpFilter {
  readonly #match: Uint8Array | undefined;
  readonly #db: number | undefined;
  readonly #from_s: number | undefined;
  readonly #to_s: number | undefined;
  readonly #name: string | undefined;

  /** @throws {UsageError} */
  constructor(options: Options) {
    const match = options.value("match");
    this.#match = match === undefined ? undefined : new TextEncoder().encode(match);
    this.#db = options.number("db");
    this.#from_s = options.time("from-time");
    this.#to_s = options.time("to-time");
    this.#name = options.value("command")?.toLowerCase();
  }

  /** Whether a command is to be shown. One without a known time is older than any. */
  takes(args: Args, { db, time_s = 0 }: Place): boolean {
    if (this.#from_s !== undefined && time_s < this.#from_s) return false;
    if (this.#to_s !== undefined && time_s > this.#to_s) return false;
    if (this.#name === undefined && this.#db === undefined && this.#match === undefined) {
      return true;
    }
    const name = args.text(0).toLowerCase();
    if (this.#name !== undefined && name !== this.#name) return false;
    if (this.#db !== undefined && db !== this.#db && !ACROSS.has(name)) return false;
    return this.#match === undefined || WHOLESALE.has(name) ||
      this.#hasKey(name, args, this.#match);
  }

  /** Whether a key of a snapshot is to be shown. */
  takesKey(key: Args, db: number): boolean {
    if (this.#db !== undefined && db !== this.#db) return false;
    return this.#match === undefined || matches(this.#match, key, 0);
  }

  #hasKey(name: string, args: Args, pattern: Uint8Array): boolean {
    const command = recordOf(name, args);
    if (command === undefined) return args.count > 1 && matches(pattern, args, 1);
    return findKeys(command, args)?.some(({ at }) => matches(pattern, args, at)) ?? false;
  }
}

/** What is known of a command; undefined: another server's, its first argument is most likely a key. */
function recordOf(name: string, args: Args): Command | undefined {
  const command = commands.get(name);
  if (command?.subcommandTable === undefined || args.count < 2) return command;
  return command.subcommandTable.get(args.text(1).toLowerCase()) ?? command;
}

function matches(pattern: Uint8Array, args: Args, at: number): boolean {
  return globMatchRange(pattern, args.buf, args.start(at), args.end(at));
}
