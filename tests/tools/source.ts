/**
 * TypeScript files as text for tests about the code itself: their imports, and their code without
 * comments and without what stands in quotes.
 *
 * Promise: a word in a comment, a string or a regular expression is never taken for code, and what
 * a template inserts is never missed, unless it holds braces or quotes of its own.
 */

import { fileURLToPath } from "node:url";

/** The directory of the project, with a slash at its end. */
export const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** One source file. */
export interface Source {
  /** From the root of the project: `lib/resp/args.ts`. */
  readonly path: string;
  /** As it is on disk. */
  readonly text: string;
  /** With comments and the insides of quotes blanked; the lines stay where they are. */
  readonly code: string;
  /** What it imports or re-exports, types included: names and, for relative ones, paths. */
  readonly imports: readonly string[];
}

/** All `.ts` files at or below a path of the project. */
export function sources(path: string): Source[] {
  return [...filesBelow(path)].sort().map(readSource);
}

function* filesBelow(path: string): Generator<string> {
  if (path.endsWith(".ts")) return yield path;
  for (const entry of Deno.readDirSync(ROOT + path)) {
    const below = `${path}/${entry.name}`;
    if (entry.isDirectory || entry.name.endsWith(".ts")) yield* filesBelow(below);
  }
}

function readSource(path: string): Source {
  const text = Deno.readTextFileSync(ROOT + path);
  const code = codeOf(text);
  return { path, text, code, imports: importsOf(path, text, code) };
}

/** `import ... from ""`, `export ... from ""`, `import ""` and `import("")`. */
const IMPORT = /\bfrom\s*"|\bimport\s*\(?\s*"/g;

function importsOf(path: string, text: string, code: string): string[] {
  const found: string[] = [];
  for (const match of code.matchAll(IMPORT)) {
    const start = match.index + match[0].length;
    const name = text.slice(start, text.indexOf('"', start));
    found.push(name.startsWith(".") ? new URL(name, `file:///${path}`).pathname.slice(1) : name);
  }
  return found;
}

/** A comment, a string, a template, or a regular expression after what cannot end a value. */
const NOT_CODE = new RegExp(
  [
    /\/\*[^]*?\*\/|\/\/[^\n]*/,
    /"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`/,
    /(?<=(?:^|[(,=:[!&|?{};>]|\breturn)\s*)\/(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n[])+\/[a-z]*/,
  ].map((part) => part.source).join("|"),
  "gm",
);

/** What a template inserts. */
const INSERT = /\$\{[^{}"'`]*\}/g;

/** Source text with comments, and what stands in quotes, replaced by spaces. */
export function codeOf(text: string): string {
  return text.replace(NOT_CODE, (piece) => {
    const quote = /^["'`]/.test(piece) ? piece[0] : " ";
    const inside = piece.slice(1, -1);
    if (quote !== "`") return quote + blank(inside) + quote;
    const inserts = inside.match(INSERT) ?? [];
    const around = inside.split(INSERT).map((part, i) => blank(part) + (inserts[i] ?? ""));
    return quote + around.join("") + quote;
  });
}

function blank(text: string): string {
  return text.replace(/[^\n]/g, " ");
}
