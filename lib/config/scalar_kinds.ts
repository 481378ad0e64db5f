/**
 * The kinds of value that are one word: yes or no, numbers, sizes, choices and strings.
 */

import { ValueError } from "./errors.ts";
import type { Parsed, ValueKind } from "./kind.ts";
import { formatMemorySize, MEMORY_SIZE_MAX, parseMemorySize } from "./memory_size.ts";
import { quoteWord } from "./words.ts";

/** The largest signed 32-bit number: the bound of Redis's plain ints. */
export const INT_MAX = 2 ** 31 - 1;
/** The largest unsigned 32-bit number. */
export const UINT_MAX = 2 ** 32 - 1;
/** The largest signed 64-bit number. */
export const LONG_LONG_MAX: bigint = 2n ** 63n - 1n;

/** `yes` or `no`. */
export const bool: ValueKind<boolean> = {
  family: "bool",
  multiple: false,
  parse([word]) {
    const text = word.toLowerCase();
    if (text === "yes" || text === "no") return { value: text === "yes", text };
    throw new ValueError("argument must be 'yes' or 'no'", "must be yes or no");
  },
  lines: bare,
};

/** A whole number from `min` to `max`; `adjust` bends what is in range but not of use. */
export function integer(
  min: number | bigint,
  max: number | bigint = LONG_LONG_MAX,
  adjust: (value: bigint) => bigint = (value) => value,
): ValueKind<number> {
  return {
    family: "int",
    multiple: false,
    parse([word]) {
      const value = /^(0|-?[1-9]\d{0,18})$/.test(word) ? BigInt(word) : undefined;
      if (value === undefined || BigInt.asIntN(64, value) !== value) {
        throw new ValueError(
          "argument couldn't be parsed into an integer",
          "must be a whole number",
        );
      }
      const kept = adjust(checkRange(value, BigInt(min), BigInt(max), 10));
      return { value: Number(kept), text: `${kept}` };
    },
    lines: bare,
  };
}

/** An octal number from 0 to `max`: file permissions. */
export function octal(max: number): ValueKind<number> {
  return {
    family: "int",
    multiple: false,
    parse([word]) {
      if (!/^-?[0-7]{0,20}$/.test(word)) {
        const reason = "argument couldn't be parsed as an octal number";
        throw new ValueError(reason, "must be an octal number");
      }
      const sign = word.startsWith("-") ? -1n : 1n;
      const value = sign * BigInt("0o" + (word.replace("-", "") || "0"));
      const kept = checkRange(value, 0n, BigInt(max), 8);
      return { value: Number(kept), text: kept.toString(8) };
    },
    lines: bare,
  };
}

/** A size in bytes from `min` to `max`; `adjust` bends what is in range but not of use. */
export function memory(
  min: number | bigint = 0,
  max: number | bigint = LONG_LONG_MAX,
  adjust: (value: bigint) => bigint = (value) => value,
): ValueKind<number> {
  return {
    family: "memory",
    multiple: false,
    parse([word]) {
      const value = parseMemorySize(word);
      if (value === undefined) {
        const plain = "must be a size such as 1024, 64kb, 100mb or 1gb";
        throw new ValueError("argument must be a memory value", plain);
      }
      const kept = adjust(checkRange(value, BigInt(min), BigInt(max), 10));
      return { value: Number(kept), text: `${kept}` };
    },
    lines: (parsed) => [formatMemorySize(BigInt(parsed.text))],
  };
}

/** A size in bytes, or a percentage (of `maxmemory`), which is kept as a number below 0. */
export const memoryOrPercent: ValueKind<number> = {
  family: "memory",
  multiple: false,
  parse([word]) {
    const percent = /^(\d{1,18})%$/.exec(word);
    if (percent) {
      if (BigInt(percent[1]) > 100n) {
        throw new ValueError("percentage argument must be less or equal to 100");
      }
      return { value: -Number(percent[1]), text: `${Number(percent[1])}%` };
    }
    const value = parseMemorySize(word);
    if (value === undefined || value > LONG_LONG_MAX) {
      const plain = "must be a size such as 100mb or a percentage";
      throw new ValueError("argument must be a memory or percent value", plain);
    }
    return { value: Number(value), text: `${value}` };
  },
  lines(parsed) {
    return [parsed.text.endsWith("%") ? parsed.text : formatMemorySize(BigInt(parsed.text))];
  },
};

/** One of some words, whatever its case; `synonyms` says what a word is shown as instead. */
export function choice<T extends string>(
  words: readonly string[],
  synonyms: Readonly<Record<string, T>> = {},
): ValueKind<T> {
  return {
    family: "enum",
    multiple: false,
    parse([word]) {
      const known = word.toLowerCase();
      if (!words.includes(known)) throw notOneOf(words);
      const text = Object.hasOwn(synonyms, known) ? synonyms[known] : known as T;
      return { value: text, text };
    },
    lines: bare,
  };
}

/** Any word; `check` says what is wrong with it, if anything. */
export function string(
  check: (word: string) => string | undefined = () => undefined,
): ValueKind<string> {
  return {
    family: "string",
    multiple: false,
    parse([word]) {
      const problem = check(word);
      if (problem !== undefined) throw new ValueError(problem);
      return { value: word, text: word };
    },
    lines: (parsed) => [quoteWord(parsed.text)],
  };
}

/** A value's line is its text, where that text needs no quotes. */
export function bare(parsed: Parsed<unknown>): string[] {
  return [parsed.text];
}

/** The error for a word outside a choice. */
export function notOneOf(words: readonly string[]): ValueError {
  const list = words.slice(0, -1).join(", ") + " or " + words[words.length - 1];
  const redis = `argument(s) must be one of the following: ${words.join(", ")}`;
  return new ValueError(redis, `must be ${list}`);
}

function checkRange(value: bigint, min: bigint, max: bigint, radix: number): bigint {
  if (value >= min && value <= max) return value;
  if (max === MEMORY_SIZE_MAX && value > 0n) return max;
  const range = `must be between ${min.toString(radix)} and ${max.toString(radix)}`;
  throw new ValueError(`argument ${range} inclusive`, range);
}
