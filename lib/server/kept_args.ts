/**
 * Arguments of commands that wait, kept while their connection goes on reading.
 *
 * A wait begins and ends as often as any command runs, and memory of its own for each costs more than
 * all else that waiting takes; so it is used again: what {@linkcode KeptArgs.release} is given back.
 */

import { newBytes } from "../memory/bytes.ts";
import { Args } from "../resp/args.ts";

/** Bytes that there is room for at least. */
const ROOM_MIN_BYTES = 256;
/** Larger ones, by bytes or by their number, are not used again. */
const REUSED_BYTES_MAX = 4096;
const REUSED_COUNT_MAX = 64;
/** So many are kept for the next ones that wait. */
const SPARE_MAX = 256;

/** Copies of arguments that stay valid until they are released. */
export class KeptArgs {
  readonly #spare: Args[] = [];

  /** The same arguments, until {@linkcode KeptArgs.release}. */
  copy(args: Args): Args {
    const kept = this.#take(args.size_bytes);
    args.copyTo(kept);
    return kept;
  }

  /** A copy of {@linkcode KeptArgs.copy} is not used any more. */
  release(args: Args): void {
    if (args.buf.length > REUSED_BYTES_MAX || args.bounds.length > 2 * REUSED_COUNT_MAX) return;
    if (this.#spare.length < SPARE_MAX) this.#spare.push(args);
  }

  #take(size_bytes: number): Args {
    const spare = this.#spare.pop();
    if (spare === undefined) return new Args(newBytes(Math.max(size_bytes, ROOM_MIN_BYTES)));
    if (spare.buf.length < size_bytes) spare.buf = newBytes(size_bytes);
    return spare;
  }
}
