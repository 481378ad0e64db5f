/**
 * The terminal of a program that runs and ends: lines to standard output, remarks and a progress
 * bar to standard error, questions with an answer typed in. Tools speak to a {@linkcode Terminal},
 * so that a test can play the person in front of it.
 *
 * Promise: when the reader of standard output has gone (`redeno aof dump ... | head`),
 * {@linkcode Terminal.isGone} says so, and nothing is thrown.
 */

/** Where a tool writes to, and whom it asks. */
export interface Terminal {
  /** Whether remarks go to a screen: then a bar may be drawn and redrawn in place. */
  readonly isScreen: boolean;
  /** Columns of that screen. */
  readonly columns: number;
  /** Nobody reads the results any more. */
  readonly isGone: boolean;
  /** A line of the result, without its line end. */
  print(line: string): void;
  /** A line beside the result: an error, a remark, progress. */
  remark(line: string): void;
  /** Text for the screen as it is: a bar, and what wipes it out. */
  draw(text: string): void;
  /** Asks, and returns the line that was typed; undefined where nobody can answer. */
  ask(question: string): string | undefined;
  /** Sends on what is still held back; to be called at the end. */
  flush(): void;
}

/** Output is sent on in pieces of about this size. */
const OUTPUT_BYTES = 64 * 1024;
const COLUMNS_DEFAULT = 80;
/** An answer longer than this is none. */
const ANSWER_BYTES_MAX = 4096;

/** The terminal, or the pipes, that the process was started with. */
export class SystemTerminal implements Terminal {
  readonly isScreen = Deno.stderr.isTerminal();
  isGone = false;
  readonly #encoder = new TextEncoder();
  #held = "";

  get columns(): number {
    try {
      return Deno.consoleSize().columns;
    } catch {
      return COLUMNS_DEFAULT; // standard error alone is a screen
    }
  }

  print(line: string): void {
    this.#held += `${line}\n`;
    if (this.#held.length >= OUTPUT_BYTES) this.flush();
  }

  remark(line: string): void {
    this.flush();
    this.draw(`${line}\n`);
  }

  draw(text: string): void {
    this.#write(Deno.stderr, text);
  }

  ask(question: string): string | undefined {
    this.flush();
    this.draw(question);
    const answer = readLine();
    if (!Deno.stdin.isTerminal()) this.draw("\n");
    return answer;
  }

  flush(): void {
    const text = this.#held;
    this.#held = "";
    if (text !== "" && !this.#write(Deno.stdout, text)) this.isGone = true;
  }

  #write(stream: { writeSync(bytes: Uint8Array): number }, text: string): boolean {
    const bytes = this.#encoder.encode(text);
    try {
      for (let at = 0; at < bytes.length;) at += stream.writeSync(bytes.subarray(at));
      return true;
    } catch {
      return false; // the other end of the pipe is closed: there is nobody to tell
    }
  }
}

/** A line of standard input, byte by byte: what comes behind it is for the next question. */
function readLine(): string | undefined {
  const typed: number[] = [];
  const byte = new Uint8Array(1);
  while (typed.length < ANSWER_BYTES_MAX) {
    if (Deno.stdin.readSync(byte) === null) {
      if (typed.length === 0) return undefined;
      break;
    }
    if (byte[0] === 10) break;
    typed.push(byte[0]);
  }
  return new TextDecoder().decode(Uint8Array.from(typed)).trim();
}
