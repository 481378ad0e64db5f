/**
 * Reads ahead the memory that commands about to be served will need; why is told in
 * `memory/keys_ahead.ts`.
 *
 * The connections of a turn add what has arrived, the log's replay what comes next, and a command
 * with many keys its own. Where it does not pay - one hot key, a small database - it is given up for
 * a while, so that it costs next to nothing.
 */

import { AHEAD_MAX, FIRST, KEYS_AHEAD_MIN, KeysAhead, OFFSETS } from "../memory/keys_ahead.ts";
import { NONE } from "../memory/record_table.ts";
import type { Args } from "../resp/args.ts";
import type { Decoder } from "../resp/decoder.ts";
import type { Database } from "./database.ts";
import { OBJECT } from "./value.ts";

/** So many commands of one decoder are looked at at a time. */
export const COMMANDS_AHEAD = 16;
/** When it did not pay, so many decoders are left out; twice as many each time it still does not. */
const PAUSE_MIN = 32;
const PAUSE_MAX = 1024;

/** Gathers commands that have arrived, and reads ahead for all of them. */
export class Lookahead {
  readonly #keys = new KeysAhead();
  #db: Database | undefined;
  #pause = 0;
  #nextPause = PAUSE_MIN;
  /** Commands among those that were added, with or without keys. */
  #seen = 0;

  /** Whether the commands of another decoder have room. */
  get hasRoom(): boolean {
    return this.#keys.count <= AHEAD_MAX - COMMANDS_AHEAD;
  }

  /** Adds commands that have arrived and will be run in `db`. */
  add(decoder: Decoder, db: Database): void {
    if (this.#pause > 0) {
      this.#pause--;
      return;
    }
    if (db !== this.#db) {
      this.run();
      this.#db = db;
    }
    this.#seen += decoder.lookAhead(this.#keys, COMMANDS_AHEAD);
  }

  /** Reads for those that were added. */
  run(): void {
    const keys = this.#keys;
    if (this.#seen >= KEYS_AHEAD_MIN) {
      const paid = keys.count >= KEYS_AHEAD_MIN && warm(this.#db!, keys);
      this.#pause = paid ? 0 : this.#nextPause;
      this.#nextPause = paid ? PAUSE_MIN : Math.min(this.#nextPause * 2, PAUSE_MAX);
    }
    this.#seen = 0;
    if (keys.count > 0) keys.clear();
  }
}

const own = new KeysAhead();

/**
 * For a command whose arguments 1, 1 + `step` ... are keys, before it looks up the one at `k`: reads
 * ahead for those from there on, as many at a time as pays.
 */
export function warmKeys(db: Database, args: Args, k: number, step: number): void {
  if ((k - 1) % (AHEAD_MAX * step) !== 0 || args.count - k <= KEYS_AHEAD_MIN * step) return;
  for (let i = k; i < args.count && !own.isFull; i += step) {
    own.bounds[own.count * OFFSETS + FIRST] = args.start(i);
    own.bounds[own.count * OFFSETS + FIRST + 1] = args.end(i);
    own.bufs[own.count++] = args.buf;
  }
  db.table.warm(own, 0, own.count, FIRST, own.refs);
  own.clear();
}

/**
 * Warms the keys in the database, then the elements in the large collections among them. Returns
 * whether that was worth the while.
 */
function warm(db: Database, keys: KeysAhead): boolean {
  const { count, refs } = keys;
  let paid = db.table.warm(keys, 0, count, FIRST, refs);
  for (let i = 0, same = 0; i < count; i = same) {
    const ref = refs[i];
    same = i + 1;
    if (ref === NONE || db.encoding(ref) !== OBJECT) continue;
    while (same < count && refs[same] === ref) same++;
    if (same - i < KEYS_AHEAD_MIN) continue;
    if (db.object(ref).warm?.(keys, i, same) === true) paid = true;
  }
  return paid;
}
