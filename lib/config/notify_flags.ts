/**
 * `notify-keyspace-events`: which events are published, as a set of letters and as a bit mask.
 */

import { ValueError } from "./errors.ts";
import type { ValueKind } from "./kind.ts";
import { quoteWord } from "./words.ts";

/** The bit of each class of events and of each way of publishing. */
export const NotifyFlag = {
  /** K: publish to `__keyspace@<db>__:<key>`. */
  keyspace: 1 << 0,
  /** E: publish to `__keyevent@<db>__:<event>`. */
  keyevent: 1 << 1,
  /** g: commands on any type. */
  generic: 1 << 2,
  /** $: strings. */
  string: 1 << 3,
  /** l: lists. */
  list: 1 << 4,
  /** s: sets. */
  set: 1 << 5,
  /** h: hashes. */
  hash: 1 << 6,
  /** z: sorted sets. */
  zset: 1 << 7,
  /** x: keys that expire. */
  expired: 1 << 8,
  /** e: keys that are evicted. */
  evicted: 1 << 9,
  /** t: streams. */
  stream: 1 << 10,
  /** m: reads of keys that are missing; not part of A. */
  keymiss: 1 << 11,
  /** d: modules. */
  module: 1 << 13,
  /** n: keys that are new; not part of A. */
  new: 1 << 14,
} as const;

/** The classes that A stands for, in the order they are shown in. */
const ALL_LETTERS: readonly (readonly [string, number])[] = [
  ["g", NotifyFlag.generic],
  ["$", NotifyFlag.string],
  ["l", NotifyFlag.list],
  ["s", NotifyFlag.set],
  ["h", NotifyFlag.hash],
  ["z", NotifyFlag.zset],
  ["x", NotifyFlag.expired],
  ["e", NotifyFlag.evicted],
  ["t", NotifyFlag.stream],
  ["d", NotifyFlag.module],
];
const ALL = ALL_LETTERS.reduce((mask, [, bit]) => mask | bit, 0);
const OTHER_LETTERS: readonly (readonly [string, number])[] = [
  ["n", NotifyFlag.new],
  ["K", NotifyFlag.keyspace],
  ["E", NotifyFlag.keyevent],
  ["m", NotifyFlag.keymiss],
];
const LETTERS = new Map([...ALL_LETTERS, ...OTHER_LETTERS, ["A", ALL] as const]);

/** A mask as letters: Redis's order, and like Redis no `n` once the classes add up to A. */
export function notifyText(mask: number): string {
  const all = (mask & ALL) === ALL;
  let text = all ? "A" : "";
  for (const [letter, bit] of all ? [] : ALL_LETTERS) {
    if (mask & bit) text += letter;
  }
  for (const [letter, bit] of OTHER_LETTERS) {
    if (mask & bit && !(all && letter === "n")) text += letter;
  }
  return text;
}

/** The kind of `notify-keyspace-events`; the value is a mask of {@linkcode NotifyFlag}. */
export const notifyFlags: ValueKind<number> = {
  family: "special",
  multiple: false,
  parse([word]) {
    let mask = 0;
    for (const letter of word) {
      const bits = LETTERS.get(letter);
      if (bits === undefined) {
        throw new ValueError("Invalid event class character. Use 'Ag$lshzxeKEtmdn'.");
      }
      mask |= bits;
    }
    return { value: mask, text: notifyText(mask) };
  },
  lines: (parsed) => [quoteWord(parsed.text)],
};
