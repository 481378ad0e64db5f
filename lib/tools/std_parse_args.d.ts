/** Types for the part of `@std/cli/parse-args` that the tools use. */

/** Which flags take a value, which do not, and what to do with any other. */
export interface ParseOptions {
  /** Flags that take a value; `_` keeps words from being read as numbers. */
  string?: readonly string[];
  /** Flags that are on or off. */
  boolean?: readonly string[];
  /** Called for every argument that is not declared, words as well as flags; false drops it. */
  unknown?: (arg: string, key?: string, value?: unknown) => unknown;
}

/** What was given: flags by name, and the words in `_`. */
export interface ParsedArgs {
  /** The arguments that are not flags. */
  readonly _: readonly (string | number)[];
  /** A flag: its text, or whether it was given. */
  readonly [name: string]: unknown;
}

/** Splits a command line into flags and words. */
export function parseArgs(args: readonly string[], options?: ParseOptions): ParsedArgs;
