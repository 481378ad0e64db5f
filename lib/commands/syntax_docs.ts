/**
 * What COMMAND DOCS says of a command's arguments, derived from the record's `syntax`.
 *
 *     MSET   key value [key value ...]   ->   block key_value, multiple: key (key), value (string)
 *     SET    [EX seconds | KEEPTTL]      ->   oneof expiration, optional: seconds (integer, token EX)
 *                                                                         keepttl (pure-token)
 *
 * A name's type comes from `argument_types.ts`; a group without a name of its own takes those of its
 * parts.
 */

import { argumentType, groupName, keySpecIndex, patternSpecIndex } from "./argument_types.ts";
import type { CommandRecord } from "./command.ts";
import { type Element, elementText, type Group, isToken, parseSyntax } from "./syntax_parser.ts";

/** One argument, as COMMAND DOCS describes it. */
export interface ArgumentDocs {
  readonly name: string;
  /** `string`, `integer`, `key`, `pure-token`, `oneof`, `block` ... */
  readonly type: string;
  /** The word that stands before it, or that it is. */
  readonly token?: string;
  /** Which key spec finds it. */
  readonly keySpecIndex?: number;
  /** `optional`, `multiple`, `multiple_token`. */
  readonly flags: readonly string[];
  /** Parts of a oneof or a block. */
  readonly arguments?: readonly ArgumentDocs[];
}

/** The arguments of a command. Throws a SyntaxError if its `syntax` is malformed. */
export function argumentDocs(command: CommandRecord): readonly ArgumentDocs[] {
  const docs = new Derivation(command).sequence(parseSyntax(command.syntax), true);
  return docs.map((argument, at) => toldApart(argument, docs[at - 1], docs[at + 1]));
}

/** LMOVE asks twice in a row at which end of a list. */
function toldApart(
  argument: ArgumentDocs,
  before: ArgumentDocs | undefined,
  after: ArgumentDocs | undefined,
): ArgumentDocs {
  if (argument.type !== "oneof") return argument;
  if (argument.name === after?.name) return { ...argument, name: `${argument.name}from` };
  if (argument.name === before?.name) return { ...argument, name: `${argument.name}to` };
  return argument;
}

/** One pass over a syntax; counts the keys on the way. */
class Derivation {
  readonly #command: CommandRecord;
  #keysSeen = 0;

  constructor(command: CommandRecord) {
    this.#command = command;
  }

  /** The arguments that elements in a row come to. */
  sequence(elements: readonly Element[], isTop: boolean): ArgumentDocs[] {
    const found: ArgumentDocs[] = [];
    let at = 0;
    while (at < elements.length) {
      const length = this.#unitLength(elements, at, isTop);
      found.push(this.#unit(elements.slice(at, at + length)));
      at += length;
      if (isRepetition(elements[at], elements.slice(at - length, at))) {
        found.push(repeated(found.pop()!, isToken(elements[at - length])));
        at++;
      }
    }
    return found;
  }

  /** How many elements from `at` on are one argument. */
  #unitLength(elements: readonly Element[], at: number, isTop: boolean): number {
    const repeatedLength = lengthOfRepeated(elements, at);
    if (repeatedLength > 0) return repeatedLength;
    if (!isToken(elements[at])) return 1;
    // a token takes along what it announces: up to the next token, at the top without options
    let end = at + 1;
    while (end < elements.length && !isToken(elements[end])) {
      const element = elements[end];
      const isOption = "optional" in element && element.optional && !element.repeats;
      if (isTop && isOption) break;
      end++;
    }
    return end - at;
  }

  /** One argument from the elements that make it up. */
  #unit(elements: readonly Element[]): ArgumentDocs {
    const [first, ...rest] = elements;
    if (!isToken(first)) {
      return rest.length === 0 ? this.#single(first) : this.#block(this.sequence(elements, false));
    }
    const token = first.word;
    if (rest.length === 0) return { name: tokenName(token), type: "pure-token", token, flags: [] };
    const parts = this.sequence(rest, false);
    if (parts.length > 1) return { ...this.#block(parts), token };
    // FULL [COUNT count]: what it announces has a token of its own
    if (parts[0].token !== undefined) {
      return { ...this.#block(parts), name: tokenName(token), token };
    }
    return { ...parts[0], token };
  }

  #single(element: Element): ArgumentDocs {
    if ("word" in element) return this.#named(element.word);
    return this.#group(element);
  }

  #named(name: string): ArgumentDocs {
    const type = argumentType(name, this.#command);
    if (type === "pattern") {
      return { name, type, keySpecIndex: patternSpecIndex(this.#command), flags: [] };
    }
    if (type !== "key") return { name, type, flags: [] };
    const index = keySpecIndex(name, this.#keysSeen++, this.#command);
    return { name, type, keySpecIndex: index, flags: [] };
  }

  #group(group: Group): ArgumentDocs {
    const { alternatives } = group;
    const inner = alternatives.length === 1
      ? this.#oneAlternative(alternatives[0])
      : this.#oneof(alternatives);
    const flags = [
      ...(group.optional ? ["optional"] : []),
      ...(group.repeats ? ["multiple"] : []),
    ];
    return { ...inner, flags: [...flags, ...inner.flags.filter((flag) => !flags.includes(flag))] };
  }

  #oneAlternative(elements: readonly Element[]): ArgumentDocs {
    const parts = this.sequence(elements, false);
    return parts.length === 1 ? parts[0] : this.#block(parts);
  }

  #oneof(alternatives: readonly (readonly Element[])[]): ArgumentDocs {
    const parts = alternatives.map((each) => this.#oneAlternative(each));
    const name = groupName(parts.map((part) => part.name), this.#command);
    return { name, type: "oneof", flags: [], arguments: parts };
  }

  #block(parts: readonly ArgumentDocs[]): ArgumentDocs {
    const name = groupName(parts.map((part) => part.name), this.#command);
    return { name, type: "block", flags: [], arguments: parts };
  }
}

/** Whether `element` is `[x ...]` and `before` is x. */
function isRepetition(element: Element | undefined, before: readonly Element[]): boolean {
  if (element === undefined || "word" in element) return false;
  if (!element.optional || !element.repeats) return false;
  return element.text === before.map(elementText).join(" ");
}

/** How many elements from `at` on are followed by their own repetition; 0: none. */
function lengthOfRepeated(elements: readonly Element[], at: number): number {
  for (let end = at + 1; end < elements.length; end++) {
    if (isRepetition(elements[end], elements.slice(at, end))) return end - at;
  }
  return 0;
}

function repeated(argument: ArgumentDocs, withToken: boolean): ArgumentDocs {
  const flags = withToken ? ["multiple", "multiple_token"] : ["multiple"];
  return { ...argument, flags: [...argument.flags, ...flags] };
}

/** Names of tokens that are signs or short for something. */
const TOKEN_NAMES: Readonly<Record<string, string>> = {
  ALPHA: "sorting",
  CH: "change",
  INCR: "increment",
  "=": "equal",
  "~": "approximately",
  "*": "auto_id",
  "$": "new_id",
  '""': "empty_string",
};

function tokenName(token: string): string {
  return TOKEN_NAMES[token] ?? token.toLowerCase();
}
