/**
 * LOLWUT: a picture in place of a figure. Redis shows another one with each version; redeno draws
 * the course of an elementary cellular automaton, a rule drawn by lot on a line drawn by lot.
 */

import { REDENO_VERSION, REDIS_VERSION } from "../platform/version.ts";
import type { Random } from "../platform/random.ts";
import { type Command, command } from "./command.ts";

/** Rules whose courses are worth looking at (Wolfram's numbering). */
const RULES = [18, 22, 30, 45, 54, 57, 60, 73, 90, 105, 110, 126, 150];
const COLUMNS_DEFAULT = 66;
const ROWS_DEFAULT = 16;
const COLUMNS_MAX = 1000;
const ROWS_MAX = 200;
/** How many integers the pieces of these versions of Redis take. */
const PARAMETERS: ReadonlyMap<number, number> = new Map([[5, 3], [6, 2]]);

const lolwut = command({
  name: "lolwut",
  arity: -1,
  flags: ["readonly", "fast"],
  group: "server",
  since: "5.0.0",
  summary: "Draws a picture and tells the version.",
  complexity: "",
  syntax: "[VERSION version]",
  run(ctx) {
    const { args, server, reply } = ctx;
    const sizes: number[] = [];
    if (args.count >= 3 && args.is(1, "VERSION")) {
      const version = ctx.integer(2);
      if (version === undefined) return;
      const end = Math.min(args.count, 3 + (PARAMETERS.get(Number(version)) ?? 0));
      for (let i = 3; i < end; i++) {
        const size = ctx.integer(i);
        if (size === undefined) return;
        sizes.push(Number(size));
      }
    }

    const columns = clamp(sizes[0] ?? COLUMNS_DEFAULT, COLUMNS_MAX);
    const rows = clamp(sizes[1] ?? ROWS_DEFAULT, ROWS_MAX);
    const { rule, picture } = automaton(server.random, columns, rows);
    const title = `Rule ${rule}, redeno ${REDENO_VERSION}. Redis ver. ${REDIS_VERSION}`;
    reply.verbatim("txt", `${picture}\n${title}\n`);
  },
});

/** LOLWUT. */
export const lolwutCommands: readonly Command[] = [lolwut];

/** Draws the course of an automaton: a generation a row, the edges joined. */
function automaton(
  random: Random,
  columns: number,
  rows: number,
): { readonly rule: number; readonly picture: string } {
  const rule = RULES[random.below(RULES.length)];
  let cells: number[] = Array.from({ length: columns }, () => random.below(4) === 0 ? 1 : 0);
  let picture = "";
  for (let row = 0; row < rows; row++) {
    picture += `${cells.map((cell) => cell === 1 ? "#" : ".").join("")}\n`;
    const before = cells;
    cells = before.map((cell, i) => {
      const left = before[(i + columns - 1) % columns];
      const right = before[(i + 1) % columns];
      return (rule >> (left * 4 + cell * 2 + right)) & 1;
    });
  }
  return { rule, picture };
}

function clamp(size: number, max: number): number {
  return Math.min(Math.max(size, 1), max);
}
