/**
 * The program as a process: started with exactly the command of `deno task start`, so that its
 * permissions are tested with it.
 */

import denoJson from "../../deno.json" with { type: "json" };
import { connect } from "../kit/resp_client.ts";
import { parseReply, type Reply } from "../kit/resp_reply.ts";
import { ROOT } from "../tools/source.ts";

/** How a program ended. */
export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** What may be laid down beyond the arguments. */
export interface RunOptions {
  /** What standard input holds; nothing where not given. */
  readonly stdin?: string;
  /** Without `--default-config redis.conf`: the program as it is when it is compiled. */
  readonly bare?: boolean;
  /** A compiled redeno to run in place of the task's command. */
  readonly executable?: string;
  /** A bundle to run in place of `main.ts`, without `--default-config` in any case. */
  readonly bundle?: string;
  /** The working directory; the root of the project where not given. */
  readonly cwd?: string;
}

const TIMEOUT_MS = 20_000;

/** The command of `deno task start`, or for a bundle that of `deno task serve`, without `deno`. */
function startCommand(bare: boolean, bundle: string | undefined): string[] {
  const { start, serve } = denoJson.tasks;
  if (bundle !== undefined) return [...serve.command.split(" ").slice(1, -1), bundle];
  const words = start.command.split(" ").slice(1)
    .map((word) => word === "main.ts" ? `${ROOT}main.ts` : word);
  return bare ? words.slice(0, words.indexOf("--default-config")) : words;
}

/** Bundles the program to a file, with the command of the task. Returns what went wrong, or "". */
export async function bundleTo(path: string): Promise<string> {
  const args = denoJson.tasks.bundle.command.split(" ").slice(1);
  args[args.indexOf("--output") + 1] = path;
  const { success, stderr } = await new Deno.Command(Deno.execPath(), { args, cwd: ROOT }).output();
  return success ? "" : new TextDecoder().decode(stderr);
}

/** A running program. */
export class Program implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #written: Promise<unknown>;
  #stdout = "";
  #stderr = "";

  /** Starts it. */
  constructor(args: readonly string[], options: RunOptions = {}) {
    const { stdin, bare = false, executable, bundle, cwd = ROOT } = options;
    this.#child = new Deno.Command(executable ?? Deno.execPath(), {
      args: executable === undefined ? [...startCommand(bare, bundle), ...args] : [...args],
      cwd,
      env: { NO_COLOR: "1" },
      stdin: stdin === undefined ? "null" : "piped",
      stdout: "piped",
      stderr: "piped",
      signal: AbortSignal.timeout(TIMEOUT_MS),
    }).spawn();
    this.#written = Promise.all([
      collect(this.#child.stdout, (text) => this.#stdout += text),
      collect(this.#child.stderr, (text) => this.#stderr += text),
      stdin === undefined ? undefined : new Response(stdin).body!.pipeTo(this.#child.stdin),
    ]);
  }

  /** The process. */
  get pid(): number {
    return this.#child.pid;
  }

  /** What it wrote to standard output so far. */
  get stdout(): string {
    return this.#stdout;
  }

  /** Waits until `check` holds. Fails with what was written if the program ends, or time is up. */
  async until(check: () => boolean | Promise<boolean>): Promise<void> {
    const deadline = performance.now() + TIMEOUT_MS;
    let ended = false;
    this.#child.status.then(() => ended = true);
    while (!await check()) {
      if (ended || performance.now() > deadline) {
        throw new Error(`${ended ? "it ended" : "time is up"}: ${this.#stdout}${this.#stderr}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /** Waits until it answers PING on a port. */
  async answers(port: number): Promise<void> {
    await this.until(async () => {
      try {
        await using client = await connect(port, { timeout_ms: 1000 });
        return (await client.call("PING")).type === "simple";
      } catch {
        return false; // not listening yet: asked again until the time is up
      }
    });
  }

  /** Sends it a signal. */
  signal(signal: Deno.Signal): void {
    this.#child.kill(signal);
  }

  /** Waits for its end. */
  async ended(): Promise<Ended> {
    const { code } = await this.#child.status;
    await this.#written;
    return { code, stdout: this.#stdout, stderr: this.#stderr };
  }

  /** Asks it to end, and waits. */
  async stop(): Promise<Ended> {
    this.signal("SIGTERM");
    return await this.ended();
  }

  /** Ends it, if it has not ended yet. */
  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.signal("SIGKILL");
    } catch (error) {
      if (!(error instanceof TypeError)) throw error; // it has ended already
    }
    await this.ended();
  }
}

async function collect(
  stream: ReadableStream<Uint8Array<ArrayBuffer>>,
  add: (text: string) => void,
): Promise<void> {
  for await (const text of stream.pipeThrough(new TextDecoderStream())) add(text);
}

/** Runs the program to its end. */
export async function run(args: readonly string[], options: RunOptions = {}): Promise<Ended> {
  await using program = new Program(args, options);
  return await program.ended();
}

/** Sends one command on a connection of its own. */
export async function ask(port: number, ...command: string[]): Promise<Reply> {
  await using client = await connect(port);
  return parseReply(await client.callRaw(...command));
}

/** The values of directives, as CONFIG GET tells them. */
export async function configOf(port: number, ...names: string[]): Promise<Record<string, string>> {
  const reply = await ask(port, "CONFIG", "GET", ...names);
  if (reply.type !== "array") throw new Error(`CONFIG GET answered ${JSON.stringify(reply)}`);
  const words = reply.items.map((item) => item.type === "bulk" ? item.value : "");
  return Object.fromEntries(
    Array.from({ length: words.length / 2 }, (_, i) => [words[2 * i], words[2 * i + 1]]),
  );
}

/** A directory with files in it, gone after the test. */
export class Scratch implements AsyncDisposable {
  /** Its path. */
  readonly path = Deno.makeTempDirSync({ prefix: "redeno_cli_" });

  /** Makes it with files by their names. */
  constructor(files: Readonly<Record<string, string>> = {}) {
    for (const [name, text] of Object.entries(files)) {
      const path = this.at(name);
      Deno.mkdirSync(path.slice(0, path.lastIndexOf("/")), { recursive: true });
      Deno.writeTextFileSync(path, text);
    }
  }

  /** The path of a file in it. */
  at(name: string): string {
    return `${this.path}/${name}`;
  }

  /** Removes it. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.path, { recursive: true });
  }
}
