/**
 * redeno as a library: a Redis-compatible server inside a Deno program, or in a test.
 *
 * ```ts ignore
 * import { createServer } from "./lib/mod.ts";
 *
 * const server = await createServer({ port: 0, appendonly: "no" });
 * console.log(server.port);
 * await server.stop();
 * ```
 *
 * @module
 */

import { Config } from "./config/config.ts";
import { toByteText } from "./config/byte_text.ts";
import { systemClock } from "./platform/clock.ts";
import { systemDisk } from "./platform/disk.ts";
import { Logger } from "./platform/logger.ts";
import { workingDirectory } from "./platform/process.ts";
import { systemRandom } from "./platform/random.ts";
import { Server } from "./server/server.ts";

/** A running server. */
export interface RunningServer {
  /** The port it listens on. */
  readonly port: number;
  /** Ends it: what was acknowledged is on disk when this resolves. */
  stop(): Promise<void>;
}

/** Directives of redis.conf by name; what is not named has its default. `port: 0` is a free port. */
export type Directives = Readonly<Record<string, string | number>>;

/**
 * Starts a server in this process. Resolves when its data is loaded and it serves commands.
 *
 * @throws {Error} that says what is wrong with the directives, the log or the port
 */
export async function createServer(directives: Directives = {}): Promise<RunningServer> {
  const directory = toByteText(workingDirectory());
  const config = new Config({ directory });
  for (const [name, value] of Object.entries(directives)) {
    config.load(name, String(value).split(" ").map(toByteText), { accumulate: false, directory });
  }
  const logger = new Logger(systemClock, () => {});
  const server = new Server({
    config,
    clock: systemClock,
    random: systemRandom(),
    disk: systemDisk,
    logger,
    freePort: true,
    exit: () => void server.stop().catch(() => {}),
  });
  await server.start();
  return server;
}
