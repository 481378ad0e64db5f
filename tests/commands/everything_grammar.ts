/**
 * Random commands from templates, as `"SET $key $value [NX|XX] [GET]"`.
 *
 * In a template `$name` is a draw from a source, `a|b` one of the words, `[...]` is there or not and
 * `{...}` stands one to four times. Promise: nothing but the chance given decides what is made.
 */

import type { Seeded } from "../kit/flags.ts";

/** A source of words for `$name`. */
export type Source = (chance: Seeded) => string[];

/** Makes one command. */
export type Template = (chance: Seeded) => string[];

const OPTION_CHANCE = 0.35;
const REPEATS_MAX = 4;

/** Reads a template. @throws {Error} where a source or a bracket is missing. */
export function template(text: string, sources: Readonly<Record<string, Source>>): Template {
  const words = text.match(/[[\]{}]|[^\s[\]{}]+/g) ?? [];
  let at = 0;

  const sequence = (end: string | undefined): Template => {
    const parts: Template[] = [];
    for (; words[at] !== end; at++) {
      if (at >= words.length) throw new Error(`${text}: ${end} is missing`);
      parts.push(part(words[at]));
    }
    return (chance) => parts.flatMap((make) => make(chance));
  };

  const part = (word: string): Template => {
    if (word === "[" || word === "{") {
      at++;
      const inner = sequence(word === "[" ? "]" : "}");
      if (word === "[") return (chance) => chance.chance(OPTION_CHANCE) ? inner(chance) : [];
      return (chance) =>
        Array.from({ length: chance.between(1, REPEATS_MAX) }, () => inner(chance)).flat();
    }
    if (/^\$\w+$/.test(word)) {
      const source = sources[word.slice(1)];
      if (source === undefined) throw new Error(`${text}: no source ${word}`);
      return source;
    }
    const choices = word.split("|");
    return (chance) => [chance.pick(choices)];
  };

  return sequence(undefined);
}
