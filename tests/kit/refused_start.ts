/** Starts of redeno that must fail. */

import { fileURLToPath } from "node:url";
import { assert, assertEquals } from "./assert.ts";

const MAIN = fileURLToPath(new URL("../../main.ts", import.meta.url));
/** A start that is refused must not take long, or serve meanwhile. */
const TIMEOUT_MS = 10_000;

/** How it is run. */
export interface RefusedStartOptions {
  /** What it is given on standard input. */
  readonly stdin?: string;
  /** A program, and its arguments, that runs it. */
  readonly runner?: readonly string[];
  readonly timeout_ms?: number;
}

/** Runs the program, which is to end by itself with 1 and without a stack; returns what it wrote. */
export async function refusedStart(
  args: readonly string[],
  { stdin, runner = [], timeout_ms = TIMEOUT_MS }: RefusedStartOptions = {},
): Promise<string> {
  const [program, ...more] = [...runner, Deno.execPath(), "run", "--no-prompt", "-A", MAIN];
  const process = new Deno.Command(program, {
    args: [...more, ...args],
    env: { NO_COLOR: "1" },
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const timer = setTimeout(() => process.kill("SIGKILL"), timeout_ms);
  const input = process.stdin.getWriter();
  if (stdin !== undefined) await input.write(new TextEncoder().encode(stdin));
  await input.close();
  const { code, stdout, stderr } = await process.output();
  clearTimeout(timer);
  const written = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
  assertEquals(code, 1, `it ended with ${code} and wrote:\n${written}`);
  assert(!/^\s+at .*:\d+:\d+/m.test(written), `a stack is no message:\n${written}`);
  return written;
}
