/**
 * Which arguments of a command are keys, and what happens to them: by the record's own `findKeys`,
 * or by its key specs.
 *
 *     LMPOP 2 a b LEFT      spec: a count at argument 1, keys behind it      -> 2, 3
 */

import type { Args } from "../resp/args.ts";
import type { Command, KeySpec } from "./command.ts";

/** A key among the arguments. */
export interface KeyUse {
  /** Which argument it is. */
  readonly at: number;
  /** Redis's words on how it is used: `RW`, `ACCESS` ... */
  readonly flags: readonly string[];
}

/** Whether a command takes keys at all. */
export function hasKeys(command: Command): boolean {
  return command.findKeys !== undefined || keySpecs(command).length > 0;
}

/** The keys among checked arguments; undefined: the arguments make no sense. */
export function findKeys(command: Command, args: Args): KeyUse[] | undefined {
  if (command.findKeys !== undefined) {
    const found = command.findKeys(args);
    return found.map((at) => ({ at, flags: flagsAt(command, args, at) }));
  }
  const uses: KeyUse[] = [];
  for (const spec of keySpecs(command)) {
    const found = keysOfSpec(spec, args);
    if (found === undefined) return undefined;
    for (const at of found) uses.push({ at, flags: exactFlags(command, args, spec) });
  }
  return uses;
}

/** By the specs of a command those of keys. */
const realKeys = new WeakMap<readonly KeySpec[], readonly KeySpec[]>();

/** Specs of keys; NOT_KEY ones tell of names that only cluster routing treats as keys. */
function keySpecs(command: Command): readonly KeySpec[] {
  const { keys } = command;
  if (keys === undefined) return [];
  let specs = realKeys.get(keys);
  if (specs === undefined) {
    specs = keys.filter(({ flags }) => !flags.includes("NOT_KEY"));
    realKeys.set(keys, specs);
  }
  return specs;
}

/** The keys of one spec: none if its keyword is missing; undefined: they would be out of bounds. */
function keysOfSpec(spec: KeySpec, args: Args): number[] | undefined {
  const begin = beginOf(spec, args);
  const { find } = spec;
  if (begin === undefined || find === "unknown") return [];
  let first = begin;
  let last: number;
  if ("countAt" in find) {
    const countAt = begin + find.countAt;
    const count = countAt < args.count ? args.int64(countAt) : undefined;
    if (typeof count !== "number" || count <= 0) return undefined;
    first = begin + find.firstKey;
    last = first + (count - 1) * find.step;
  } else if (find.limit > 1) {
    last = begin + Math.floor((args.count - begin) / find.limit) + find.last;
  } else {
    last = find.last < 0 ? args.count + find.last : begin + find.last;
  }
  if (first >= args.count || last >= args.count || last < first) return undefined;
  const found: number[] = [];
  for (let at = first; at <= last; at += find.step) found.push(at);
  return found;
}

/** The argument where the search for keys begins; undefined: the keyword is missing. */
function beginOf({ begin }: KeySpec, args: Args): number | undefined {
  if (begin === "unknown") return undefined;
  if ("index" in begin) return begin.index;
  const backwards = begin.from < 0;
  const step = backwards ? -1 : 1;
  // as in Redis, a keyword is never the name or its neighbour, and never the last word
  const end = backwards ? 1 : args.count - 1;
  for (let i = backwards ? args.count + begin.from : begin.from; i * step < end * step; i += step) {
    if (args.is(i, begin.keyword)) return i + 1;
  }
  return undefined;
}

/** What happens to a key that `findKeys` found: as the spec says that covers it. */
function flagsAt(command: Command, args: Args, at: number): readonly string[] {
  const specs = keySpecs(command);
  const covering = specs.find((spec) => keysOfSpec(spec, args)?.includes(at));
  // a key found where no spec can point is one that is written (SORT ... STORE)
  const spec = covering ??
    specs.find(({ begin, flags }) => begin === "unknown" && !flags.includes("RO"));
  return spec === undefined ? ["RW", "ACCESS", "UPDATE"] : exactFlags(command, args, spec);
}

/** Flags of a spec, decided by the arguments where it says VARIABLE_FLAGS. */
function exactFlags(command: Command, args: Args, spec: KeySpec): readonly string[] {
  if (!spec.flags.includes("VARIABLE_FLAGS")) return spec.flags;
  const variable = variableFlags.get(command.name)?.(args);
  return variable ?? spec.flags.filter((flag) => flag !== "VARIABLE_FLAGS");
}

/** The commands whose arguments decide what happens to the key. */
const variableFlags: ReadonlyMap<string, (args: Args) => string[]> = new Map([
  ["set", (args) => {
    for (let i = 3; i < args.count; i++) if (args.is(i, "GET")) return ["RW", "ACCESS", "UPDATE"];
    return ["OW", "UPDATE"];
  }],
  ["bitfield", (args) => {
    for (let i = 2; i < args.count; i++) {
      if (args.is(i, "SET") || args.is(i, "INCRBY")) return ["RW", "ACCESS", "UPDATE"];
    }
    return ["RO", "ACCESS"];
  }],
]);
