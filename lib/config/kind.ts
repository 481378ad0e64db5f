/**
 * What a directive's value is made of: how it is read from the words of a line, how CONFIG GET
 * shows it and how a configuration file spells it.
 */

import { ValueError } from "./errors.ts";

/** A value that has been read. */
export interface Parsed<T> {
  /** The value for the program. */
  readonly value: T;
  /** The value as CONFIG GET shows it; reading it again gives the same text. */
  readonly text: string;
}

/** What reading a value may depend on besides its words. */
export interface ParseContext<T> {
  /** The value so far; undefined only while the default itself is read. */
  readonly current: Parsed<T> | undefined;
  /** Whether this line adds to lines of the same load (`save`), rather than replacing the value. */
  readonly accumulate: boolean;
  /** The directory that relative paths start from, as byte text. */
  readonly directory: string;
}

/** A kind of value. */
export interface ValueKind<T> {
  /** Its family, for listings. */
  readonly family: "bool" | "int" | "memory" | "enum" | "string" | "string-list" | "special";
  /** Whether it takes any number of words; one word of such a value is split at its spaces. */
  readonly multiple: boolean;
  /** Reads a value; throws {@linkcode ValueError}. */
  parse(words: readonly string[], context: ParseContext<T>): Parsed<T>;
  /** The value as configuration lines, without the directive's name. Never empty. */
  lines(parsed: Parsed<T>): string[];
}

/** What a directive table says about one directive, its name aside. */
export interface DirectiveSpec<T> {
  /** How its values are read and written. */
  readonly kind: ValueKind<T>;
  /** Redis's default, spelled as a value that can be set. */
  readonly default: string;
  /** Older names of the same value. */
  readonly aliases?: readonly string[];
  /** CONFIG SET is refused: only a start reads it. */
  readonly immutable?: boolean;
  /** CONFIG SET needs `enable-protected-configs`. */
  readonly protected?: boolean;
  /** CONFIG GET shows it only to those who know its name: it is there for tests. */
  readonly hidden?: boolean;
  /** CONFIG SET is answered with LOADING while the data is being loaded. */
  readonly deniedWhileLoading?: boolean;
  /** What to know when applying it. */
  readonly note?: string;
}

/** A directive without its kind and default: what is optional about it. */
export type DirectiveTraits = Omit<DirectiveSpec<unknown>, "kind" | "default">;

/** Puts together what a table says about one directive. */
export function directive<T>(
  kind: ValueKind<T>,
  defaultText: string,
  traits: DirectiveTraits = {},
): DirectiveSpec<T> {
  return { kind, default: defaultText, ...traits };
}

/** The words a kind gets: several words as they are, one word of a multiple kind split at spaces. */
export function wordsFor<T>(kind: ValueKind<T>, words: readonly string[]): readonly string[] {
  if (kind.multiple) {
    if (words.length !== 1) return words;
    return words[0] === "" ? [] : words[0].split(" ");
  }
  if (words.length !== 1) throw new ValueError("wrong number of arguments");
  return words;
}
