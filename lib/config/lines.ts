/**
 * A configuration file as lines: what is a directive, what is a comment.
 */

import { splitWords } from "./words.ts";

/** One line of a file. */
export interface ConfigLine {
  /** The line as it stands, without its line end. */
  readonly raw: string;
  /** Its number, from 1. */
  readonly number: number;
  /** Name and values; empty for comments and blank lines, undefined for unbalanced quotes. */
  readonly words: readonly string[] | undefined;
}

/** The lines of a file. A last line without a line end counts; an empty one after it does not. */
export function configLines(text: string): ConfigLine[] {
  const raws = text.split("\n");
  if (raws[raws.length - 1] === "") raws.pop();
  return raws.map((raw, i) => {
    const trimmed = raw.replace(/^[ \t\r]+|[ \t\r]+$/g, "");
    const words = trimmed.startsWith("#") ? [] : splitWords(trimmed);
    return { raw, number: i + 1, words };
  });
}
