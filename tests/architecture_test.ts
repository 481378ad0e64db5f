/**
 * The rules of the house, held over the source files: floors and cycles as lib/README.md draws
 * them, where time, chance and disk may be touched, and how files and tests are written.
 */

import { assert, assertEquals } from "./kit/assert.ts";
import { codeOf, ROOT, type Source, sources } from "./tools/source.ts";

const FILE_LINES_MAX = 420;

const lib = sources("lib");
const program = [...sources("main.ts"), ...lib];
const tests = sources("tests");

/** Rooms and their floors, from the table in lib/README.md; a room is a path or ends with `/`. */
function readFloors(): Map<string, number> {
  const floors = new Map<string, number>();
  for (const line of Deno.readTextFileSync(`${ROOT}lib/README.md`).split("\n")) {
    const row = /^\|\s*(\d)\s*\|([^|]+)\|/.exec(line);
    for (const [, name] of row?.[2].matchAll(/`([^`]+)`/g) ?? []) {
      floors.set(/^(main\.ts$|lib\/)/.test(name) ? name : `lib/${name}`, Number(row![1]));
    }
  }
  return floors;
}

const floors = readFloors();

function floorOf(path: string): number | undefined {
  const room = [...floors.keys()].find((room) =>
    room.endsWith("/") ? path.startsWith(room) : path === room
  );
  return room === undefined ? undefined : floors.get(room);
}

/** `path:line: what` for each match in the code of the files. */
function findings(files: readonly Source[], pattern: RegExp): string[] {
  return files.flatMap(({ path, text, code }) =>
    [...code.matchAll(pattern)].map(({ index, 0: found }) =>
      `${path}:${text.slice(0, index).split("\n").length}: ${found.trim()}`
    )
  );
}

Deno.test("code is told from comments, strings, templates and regular expressions", () => {
  const text =
    `a("x'y") /* Date.now() "*/; b = /["'/]/.test(c) // it's\nd = \`e\${f}\` + 6 / 2 / g;`;
  const code = codeOf(text);
  assertEquals(code.length, text.length);
  assertEquals(code.replace(/ +/g, " "), 'a(" ") ; b = .test(c) \nd = ` ${f}` + 6 / 2 / g;');
});

Deno.test("every file stands in a room that the map of the code names", () => {
  assert(floors.size > 5, "the table in lib/README.md cannot be read");
  assertEquals(
    program.filter(({ path }) => floorOf(path) === undefined).map(({ path }) => path),
    [],
  );
});

Deno.test("a file imports from its own floor or from those below it only", () => {
  const climbing = program.flatMap(({ path, imports }) =>
    imports.filter((target) => (floorOf(target) ?? 0) > floorOf(path)!)
      .map((target) => `${path} (floor ${floorOf(path)}) imports ${target} (${floorOf(target)})`)
  );
  assertEquals(climbing, []);
});

Deno.test("the program imports its own files, @std and node: only", () => {
  const strange = program.flatMap(({ path, imports }) =>
    imports.filter((name) => !/^(lib\/|@std\/|node:)/.test(name)).map((name) => `${path}: ${name}`)
  );
  assertEquals(strange, []);
});

/** One cycle for each import that leads back to where the search came from. */
function importCycles(files: readonly Source[]): string[] {
  const byPath = new Map(files.map((file) => [file.path, file]));
  const cycles: string[] = [];
  const done = new Set<string>();
  const trail: string[] = [];
  const visit = (path: string) => {
    const seenAt = trail.indexOf(path);
    if (seenAt >= 0) cycles.push([...trail.slice(seenAt), path].join(" -> "));
    if (seenAt >= 0 || done.has(path)) return;
    trail.push(path);
    for (const target of byPath.get(path)?.imports ?? []) if (byPath.has(target)) visit(target);
    trail.pop();
    done.add(path);
  };
  for (const path of byPath.keys()) visit(path);
  return cycles;
}

Deno.test("no import leads back to its own file, not even for a type", () => {
  assertEquals(importCycles(program), []);
  const [a, b] = [["a", "b"], ["b", "a"]].map(([path, target]) =>
    ({ path, text: "", code: "", imports: [target] }) as Source
  );
  assertEquals(importCycles([a, b]), ["a -> b -> a"]);
});

/** Time, chance, disk, process and timers, by the names that JavaScript and Deno have for them. */
const OUTSIDE_WORLD = new RegExp(
  [
    /\bDate\.now\b|\bnew Date\(\s*\)|\bperformance\b\.|\bTemporal\b\./,
    /\b(?:setTimeout|setInterval|setImmediate|clearTimeout|clearInterval)\b\s*\(/,
    /\bMath\.random\b|\bcrypto\b\./,
    /\bDeno\.[a-z]\w*/,
    /\bprocess\.\w+\s*\(/,
  ].map((part) => part.source).join("|"),
  "g",
);
/** Errors of Deno are values to compare with; they ask nothing of the outside. */
const HARMLESS = /: Deno\.errors$/;
/** The listener is the one place that opens a port. */
const LISTENER = /^lib\/server\/listener\.ts:\d+: Deno\.listen$/;

Deno.test("time, chance, disk and timers are touched in lib/platform only", () => {
  // lib/program.ts is the process itself: arguments, signals, exit.
  const inside = lib.filter(({ path }) =>
    !path.startsWith("lib/platform/") && path !== "lib/program.ts"
  );
  const touched = findings(inside, OUTSIDE_WORLD)
    .filter((finding) => !HARMLESS.test(finding) && !LISTENER.test(finding));
  assertEquals([...touched, ...inside.flatMap(worldlyImports)], []);
});

/** Modules of Node that reach out; buffers, digests and comparisons do not. */
function worldlyImports({ path, imports, text }: Source): string[] {
  return imports.filter((name) =>
    name.startsWith("node:") && name !== "node:buffer" &&
    !new RegExp(`import \\{ (createHash|timingSafeEqual) \\} from "${name}"`).test(text)
  ).map((name) => `${path}: ${name}`);
}

Deno.test("a file can be read in one sitting", () => {
  const long = lib.map(({ path, text }) => ({ path, lines: text.trimEnd().split("\n").length }))
    .filter(({ lines }) => lines > FILE_LINES_MAX)
    .map(({ path, lines }) => `${path}: ${lines} lines, at most ${FILE_LINES_MAX}`);
  assertEquals(long, []);
});

Deno.test("a file opens with what it is for", () => {
  const silent = program.filter(({ text }) => !text.startsWith("/**")).map(({ path }) => path);
  assertEquals(silent, []);
});

Deno.test("what a file exports is documented", () => {
  const bare: string[] = [];
  for (const { path, text } of lib) {
    const lines = text.split("\n");
    lines.forEach((line, i) => {
      const exported = /^export (?!\{|type \{|\*)(.{0,60})/.exec(line);
      // An overload carries on from the one above it, which the documentation belongs to.
      const before = lines.slice(0, i).findLast((other) => !/^\/\/ /.test(other)) ?? "";
      const overload = /^export function/.test(before) && before.endsWith(";");
      if (exported && !overload && !before.endsWith("*/")) {
        bare.push(`${path}:${i + 1}: ${exported[1]}`);
      }
    });
  }
  assertEquals(bare, []);
});

Deno.test("nothing is of type any", () => {
  assertEquals(findings(program, /\bany\b/g), []);
});

Deno.test("an exception from the linter or the compiler gives its reason", () => {
  const blunt = [...program, ...tests].flatMap(({ path, text }) =>
    [...text.matchAll(/\/\/ (?:deno-lint-ignore|@ts-(?:ignore|expect-error|nocheck))(.*)/g)]
      .filter(([, rest]) => !/ -- \S/.test(rest)).map(([line]) => `${path}: ${line}`)
  );
  assertEquals(blunt, []);
});

Deno.test("nothing is left for later", () => {
  const later = [...program, ...tests].flatMap(({ path, text }) =>
    [...text.matchAll(/\b(?:TO[D]O|FIX[M]E|XX[X]:|HA[C]K)\b.*/g)].map(([line]) =>
      `${path}: ${line}`
    )
  );
  assertEquals(later, []);
});

Deno.test("the name of a test is a sentence", () => {
  const words: string[] = [];
  let names = 0;
  for (const { path, text } of tests.filter(({ path }) => path.endsWith("_test.ts"))) {
    const inCalls = text.matchAll(
      /\bDeno\.test\(\s*(?:\{[^{}]*?\bname:\s*)?(["`])(.*?)\1/g,
    );
    for (const [, , name] of inCalls) {
      names++;
      if (!/\S \S/.test(name)) words.push(`${path}: ${name}`);
    }
  }
  assert(names > 100, `only ${names} names of tests were found`);
  assertEquals(words, []);
});
