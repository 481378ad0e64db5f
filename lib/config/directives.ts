/**
 * All directives by name: every one that `CONFIG GET *` of Redis 7.0 prints, and redeno's own.
 */

import { acceptedDirectives } from "./accepted_directives.ts";
import { bytesOf } from "./byte_text.ts";
import type { DirectiveSpec } from "./kind.ts";
import { liveDirectives } from "./live_directives.ts";

/** One directive. */
export interface Directive extends DirectiveSpec<unknown> {
  /** Its name, in small letters. */
  readonly name: string;
  /** `live`: it has an effect. `accepted`: Redis knows it, redeno only keeps its value. */
  readonly status: "live" | "accepted";
}

/** Every directive, live ones first. */
export const directives: readonly Directive[] = [
  ...Object.entries(liveDirectives).map(([name, spec]): Directive => ({
    ...(spec as DirectiveSpec<unknown>),
    name,
    status: "live",
  })),
  ...Object.entries(acceptedDirectives).map(([name, spec]): Directive => ({
    ...spec,
    name,
    status: "accepted",
  })),
];

/** Every name and alias with its directive, in the table's order. */
export const directiveNames: ReadonlyMap<string, Directive> = byName(directives);

/** A name as CONFIG GET compares it with patterns. */
export interface ShownName {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly directive: Directive;
}

let shown: readonly ShownName[] | undefined;

/** The names that patterns may find, in the table's order; made when first asked for. */
export function shownNames(): readonly ShownName[] {
  return shown ??= [...directiveNames]
    .filter(([, { hidden }]) => !hidden)
    .map(([name, directive]) => ({ name, bytes: bytesOf(name), directive }));
}

function byName(directives: readonly Directive[]): Map<string, Directive> {
  const names = new Map<string, Directive>();
  for (const each of directives) {
    for (const name of [each.name, ...(each.aliases ?? [])]) {
      if (names.has(name)) throw new Error(`two directives are called ${name}`);
      names.set(name, each);
    }
  }
  return names;
}

/** The directive of a name or alias, whatever its case. */
export function findDirective(name: string): Directive | undefined {
  return directiveNames.get(name.toLowerCase());
}
