/** Divides the work on a large value into steps of about the same length, to rest in between. */

import { BLOCK_BYTES } from "../memory/held_value.ts";

/** Bytes that one step works on, about. */
export const STEP_BYTES: number = BLOCK_BYTES;
/** What an element costs besides its bytes. */
const ELEMENT_BYTES = 16;

/** Counts the work of one value. */
export class Pace {
  #left_bytes = STEP_BYTES;

  /** Notes that an element of so many bytes was done. True: the step is over, the next one begins. */
  isOver(size_bytes: number): boolean {
    this.#left_bytes -= size_bytes + ELEMENT_BYTES;
    if (this.#left_bytes > 0) return false;
    this.#left_bytes = STEP_BYTES;
    return true;
  }
}

/** Does all steps at once. Returns what the last one does. */
export function withoutRest<T>(steps: Generator<void, T, void>): T {
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
  }
}
