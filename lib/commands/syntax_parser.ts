/**
 * Reads the notation in which Redis's manual writes down arguments:
 *
 *     key [NX | XX] [EX seconds | KEEPTTL] <LEFT | RIGHT> score member [score member ...]
 *
 * `[...]` may be left out, `<...>` may not; `|` parts alternatives; three points repeat what stands
 * before the brackets, or what the brackets hold. Promise: notation that is malformed is reported,
 * not guessed at.
 */

/** A word: a token if it is in capitals or a sign, else the name of an argument. */
export interface Word {
  readonly word: string;
}

/** Brackets and what they hold. */
export interface Group {
  readonly optional: boolean;
  readonly alternatives: readonly (readonly Element[])[];
  /** What the group holds, in its normal form, to be compared. */
  readonly text: string;
  /** Whether it ends with three points: it may be repeated. */
  readonly repeats: boolean;
}

/** A part of a syntax. */
export type Element = Word | Group;

/** Whether an element is a token: typed as it stands. */
export function isToken(element: Element): element is Word {
  return "word" in element && !/[a-z]/.test(element.word);
}

/** An element in its normal form. */
export function elementText(element: Element): string {
  if ("word" in element) return element.word;
  const inner = element.repeats ? `${element.text} ...` : element.text;
  return element.optional ? `[${inner}]` : `<${inner}>`;
}

/** The parts of a syntax, in order. Throws a SyntaxError. */
export function parseSyntax(syntax: string): readonly Element[] {
  const reader = { words: syntax.match(/\.\.\.|[\[\]<>|]|[^\s\[\]<>|]+/g) ?? [], at: 0, syntax };
  const { alternatives, repeats } = readAlternatives(reader, undefined);
  if (repeats || alternatives.length > 1) throw malformed(reader);
  return alternatives[0];
}

interface Reader {
  readonly words: readonly string[];
  readonly syntax: string;
  at: number;
}

type Inside = Pick<Group, "alternatives" | "repeats">;

/** Reads up to the closing bracket, or to the end if there is none. */
function readAlternatives(reader: Reader, close: string | undefined): Inside {
  const alternatives: Element[][] = [[]];
  let repeats = false;
  for (;;) {
    const word = reader.words[reader.at++];
    if (word === close) return { alternatives, repeats };
    if (word === undefined || word === "]" || word === ">" || repeats) throw malformed(reader);
    if (word === "|") alternatives.push([]);
    else if (word === "...") repeats = true;
    else alternatives.at(-1)!.push(readElement(reader, word));
  }
}

function readElement(reader: Reader, word: string): Element {
  if (word !== "[" && word !== "<") return { word };
  const optional = word === "[";
  const { alternatives, repeats } = readAlternatives(reader, optional ? "]" : ">");
  if (alternatives.some((each) => each.length === 0)) throw malformed(reader);
  const text = alternatives.map((each) => each.map(elementText).join(" ")).join(" | ");
  return { optional, alternatives, repeats, text };
}

function malformed({ syntax, words, at }: Reader): SyntaxError {
  return new SyntaxError(`'${syntax}': unexpected '${words[at - 1] ?? "end"}' at word ${at}`);
}
