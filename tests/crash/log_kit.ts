/** What the tests of broken logs share: a small log with everything in it, and where its units end. */

import { assertEquals } from "../kit/assert.ts";
import { freePort } from "../kit/oracle.ts";
import { type Command, connect, type RespClient } from "../kit/resp_client.ts";
import { createServer, type Directives, type RunningServer } from "../../lib/mod.ts";

/** The path of the log within a server's directory. */
export const INCR = "appendonlydir/appendonly.aof.1.incr.aof";
/** The path of the manifest. */
export const MANIFEST = "appendonlydir/appendonly.aof.manifest";

/** A log as it grew: after `end_bytes` the data set had this digest. */
export interface State {
  readonly end_bytes: number;
  readonly digest: string;
}

/** A log and its history. */
export interface SmallLog {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** The same after an orderly end: all of it is vouched for. */
  readonly sealed: Uint8Array<ArrayBuffer>;
  readonly manifest: Uint8Array<ArrayBuffer>;
  readonly states: readonly State[];
}

/** A server in this process, and a client of it; both end with `using`. */
export interface Place extends AsyncDisposable {
  readonly server: RunningServer;
  readonly client: RespClient;
}

/** Starts a server with a log in `dir`, in this process. */
export async function open(dir: string, more: Directives = {}): Promise<Place> {
  const port = freePort();
  const server = await createServer({
    port,
    dir,
    bind: "127.0.0.1",
    appendonly: "yes",
    appendfsync: "no",
    "enable-debug-command": "yes",
    ...more,
  });
  const client = await connect(port);
  return {
    server,
    client,
    async [Symbol.asyncDispose]() {
      await client[Symbol.asyncDispose]();
      await server.stop();
    },
  };
}

/** The fingerprint of all data. */
export async function digest(client: RespClient): Promise<string> {
  const reply = await client.call("DEBUG", "DIGEST");
  assertEquals(reply.type, "simple");
  return reply.type === "simple" ? reply.value : "";
}

/** Units of all sorts: plain, in other databases, transactions, expiries, long and empty values. */
const UNITS: readonly (readonly Command[])[] = [
  [["SET", "a", "1"]],
  [["SET", "binary\r\n\x00*3", "\r\n$5\r\n\xff"]],
  [["SELECT", "3"]],
  [["SET", "a", "", "EX", "100000"]],
  [["MULTI"], ["INCR", "n"], ["SELECT", "9"], ["SET", "n", "x".repeat(50)], ["EXEC"]],
  [["INCRBYFLOAT", "f", "0.1"]],
  [["MULTI"], ["SELECT", "0"], ["MSET", "p", "1", "q", "2"], ["PEXPIRE", "p", "99999999"], [
    "EXEC",
  ]],
  [["SELECT", "0"]],
  [["MOVE", "q", "4"]],
  [["RENAME", "p", "r"]],
  [["DEL", "a", "missing", "binary\r\n\x00*3"]],
  [["SET", "last", "1"]],
];

/** Writes {@linkcode UNITS} with a server, looking at log and data after each. */
export async function writeSmallLog(more: Directives = {}): Promise<SmallLog> {
  const dir = await Deno.makeTempDir({ prefix: "redeno_test_" });
  const log = `${dir}/${INCR}`;
  try {
    const states: State[] = [];
    let bytes: Uint8Array<ArrayBuffer>;
    {
      await using place = await open(dir, more);
      const { client } = place;
      states.push({ end_bytes: 0, digest: await digest(client) });
      for (const unit of UNITS) {
        for (const command of unit) {
          const reply = await client.call(...command);
          if (reply.type === "error") throw new Error(`${command.join(" ")}: ${reply.value}`);
        }
        states.push({ end_bytes: (await Deno.stat(log)).size, digest: await digest(client) });
      }
      bytes = await Deno.readFile(log);
    }
    const manifest = await Deno.readFile(`${dir}/${MANIFEST}`);
    return { bytes, sealed: await Deno.readFile(log), manifest, states };
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

/** Makes a server's directory with this log in it. */
export async function layDown(manifest: Uint8Array, log: Uint8Array): Promise<string> {
  const dir = await Deno.makeTempDir({ prefix: "redeno_test_" });
  await Deno.mkdir(`${dir}/appendonlydir`);
  await Deno.writeFile(`${dir}/${MANIFEST}`, manifest);
  await Deno.writeFile(`${dir}/${INCR}`, log);
  return dir;
}

/** Everything in a directory but the lock: path to content, one character a byte. */
export async function contents(dir: string): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for await (const entry of Deno.readDir(dir)) {
    const path = `${dir}/${entry.name}`;
    if (entry.isDirectory) Object.assign(found, await contents(path));
    else if (!entry.name.endsWith(".lock")) {
      found[path] = new TextDecoder("latin1").decode(await Deno.readFile(path));
    }
  }
  return found;
}
