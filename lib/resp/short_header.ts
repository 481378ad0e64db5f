/** `*n\r\n` and `$n\r\n` with one digit, the headers of nearly all commands, read as one word. */

/** `*n\r\n` without its digit, as a big-endian int32. */
export const SHORT_COUNT = 0x2a000d0a;
/** `$n\r\n` without its digit. */
export const SHORT_LENGTH = 0x24000d0a;
/** Bytes of either. */
export const SHORT_HEADER_BYTES = 4;

const ALL_BUT_DIGIT = 0xff00ffff | 0;
const ZERO = 48;

/** The digit of `head`, which is to have the given form; negative: it has not. */
export function shortHeader(head: number, form: number): number {
  const digit = ((head >>> 16) & 0xff) - ZERO;
  return (head & ALL_BUT_DIGIT) === form && digit <= 9 ? digit : -1;
}
