/** What the tests of the tools share: somebody at the terminal, and logs made by hand. */

import type { Terminal } from "../../lib/platform/terminal.ts";
import { crc32, formatHead, formatSeal } from "../../lib/persistence/aof/frames.ts";
import { systemClock } from "../../lib/platform/clock.ts";
import type { Disk } from "../../lib/platform/disk.ts";
import { SeededRandom } from "../../lib/platform/random.ts";
import { runTool } from "../../lib/tools/cli.ts";
import { resp } from "../persistence/kit.ts";
import { latin1, latin1Bytes, MemoryDisk } from "../persistence/memory_disk.ts";

/** Keeps what is written, and answers with what it was given. */
export class FakeTerminal implements Terminal {
  isScreen = false;
  readonly columns = 80;
  isGone = false;
  /** Lines of the result. */
  readonly lines: string[] = [];
  /** Lines beside it. */
  readonly remarks: string[] = [];
  /** What was drawn on the screen. */
  readonly drawn: string[] = [];
  /** Questions asked. */
  readonly questions: string[] = [];
  readonly #answers: string[];

  constructor(answers: readonly string[] = []) {
    this.#answers = [...answers];
  }

  print(line: string): void {
    this.lines.push(line);
  }
  remark(line: string): void {
    this.remarks.push(line);
  }
  draw(text: string): void {
    this.drawn.push(text);
  }
  ask(question: string): string | undefined {
    this.questions.push(question);
    return this.#answers.shift();
  }
  flush(): void {}
}

/** How a tool ended. */
export interface ToolRun {
  readonly code: number;
  /** Its result, as one text. */
  readonly text: string;
  readonly terminal: FakeTerminal;
}

/** Runs a tool; `answers` are typed when it asks. */
export async function tool(
  disk: Disk,
  argv: readonly string[],
  answers: readonly string[] = [],
): Promise<ToolRun> {
  const terminal = new FakeTerminal(answers);
  const code = await runTool(argv, {
    disk,
    clock: systemClock,
    random: new SeededRandom(1),
    terminal,
    pid: 4711,
  });
  return { code, text: [...terminal.lines, ...terminal.remarks].join("\n"), terminal };
}

/** A batch to be framed. */
export interface Batch {
  readonly commands: readonly string[];
  readonly time_s: number;
  /** What the seal says of them; their number if it is missing. */
  readonly count?: number;
}

/** A framed file, one character a byte, and where its batches begin. */
export interface Framed {
  readonly text: string;
  readonly offsets: readonly number[];
}

/**
 * Frames batches as a server does.
 *
 * @param synced how many batches were safe when the n-th was written; all before it if not given
 */
export function frame(
  batches: readonly Batch[],
  synced: (index: number) => number = (index) => index,
): Framed {
  let text = "";
  let chain = 0;
  const offsets: number[] = [];
  batches.forEach(({ commands, time_s, count = commands.length }, index) => {
    const body = latin1Bytes(commands.join(""));
    const offset = text.length;
    offsets.push(offset);
    chain = crc32(body, 0, body.length, chain);
    const seal = {
      offset,
      length: body.length,
      commands: count,
      time_s,
      synced: offsets[synced(index)] ?? offset,
      chain,
    };
    text += latin1(formatHead(body.length)) + latin1(body) + latin1(formatSeal(seal));
  });
  return { text, offsets };
}

/** The batch that ends a file: for good, or where a server ended in order. */
export function sealing(time_s: number, isForGood = true): Batch {
  return { commands: [], time_s, count: isForGood ? 1 : 0 };
}

/** `SET key value`, encoded. */
export function set(key: string, value: string): string {
  return resp("SET", key, value);
}

/** Where the logs of these tests lie. */
export const DIR = "/data/appendonlydir";

/** A disk with a log of incremental files, in order, and maybe a base. */
export function diskWith(
  incrs: readonly string[],
  base?: { readonly name: string; readonly content: string },
): MemoryDisk {
  const disk = new MemoryDisk();
  disk.makeDirectory(DIR);
  let manifest = "";
  if (base !== undefined) {
    disk.put(`${DIR}/${base.name}`, base.content);
    manifest += `file ${base.name} seq 1 type b\n`;
  }
  incrs.forEach((content, i) => {
    disk.put(`${DIR}/${incr(i + 1)}`, content);
    manifest += `file ${incr(i + 1)} seq ${i + 1} type i\n`;
  });
  disk.put(`${DIR}/appendonly.aof.manifest`, manifest);
  return disk;
}

/** The name of an incremental file. */
export function incr(seq: number): string {
  return `appendonly.aof.${seq}.incr.aof`;
}
