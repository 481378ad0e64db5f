/** The real server on a simulated disk, network and clock. */

import { toByteText } from "../../lib/config/byte_text.ts";
import { Config } from "../../lib/config/config.ts";
import { datasetDigest } from "../../lib/keyspace/digest.ts";
import type { Disk } from "../../lib/platform/disk.ts";
import { Logger, type LogLevel } from "../../lib/platform/logger.ts";
import { SeededRandom } from "../../lib/platform/random.ts";
import { Server } from "../../lib/server/server.ts";
import { type ClientEvents, type SimConnection, SimNetwork } from "./sim_network.ts";
import { settle, type SimClock } from "./sim_clock.ts";

/** Directives of redis.conf by name. */
export type Directives = Readonly<Record<string, string>>;

/** Where the files are. */
export const DIR = "/data";

const DEFAULTS: Directives = {
  dir: DIR,
  appendonly: "yes",
  bind: "127.0.0.1",
  save: "",
  "enable-debug-command": "yes",
};

/** A log that is kept. */
class KeptLog extends Logger {
  readonly lines: string[] = [];

  constructor(clock: SimClock) {
    super(clock, () => {});
  }

  override log(level: LogLevel, text: string): void {
    if (level === "notice" || level === "warning") this.lines.push(text);
  }
}

/** Comes back at once, after whatever the network has brought. */
class SimPoll {
  isBroken = false;
  poll(then: () => void): void {
    queueMicrotask(() => queueMicrotask(then));
  }
  close(): void {
    this.isBroken = true;
  }
}

/** A running server. */
export class SimServer {
  /** The server itself. */
  readonly server: Server;
  /** The status with which it wanted to end the process; undefined: it did not. */
  exitCode: number | undefined;
  readonly #log: KeptLog;
  readonly #network = new SimNetwork();

  private constructor(disk: Disk, clock: SimClock, directives: Directives) {
    const config = new Config({ directory: toByteText(DIR) });
    for (const [name, value] of Object.entries({ ...DEFAULTS, ...directives })) {
      config.load(name, value === "" ? [toByteText("")] : value.split(" ").map(toByteText), {
        accumulate: false,
        directory: toByteText(DIR),
      });
    }
    this.#log = new KeptLog(clock);
    this.server = new Server({
      config,
      clock,
      random: new SeededRandom(1),
      disk,
      logger: this.#log,
      openPoll: () => Promise.resolve(new SimPoll()),
      exit: (code) => this.exitCode ??= code,
    });
  }

  /** Lines of its log. */
  get lines(): readonly string[] {
    return this.#log.lines;
  }

  /** Digest of all its data. */
  get digest(): string {
    return datasetDigest(this.server.keyspace);
  }

  /**
   * Starts a server that clients can connect to, or - with port 0 - one that only loads.
   *
   * @param prepare called before it starts
   * @throws {Error} it does not start
   */
  static async start(
    disk: Disk,
    clock: SimClock,
    directives: Directives,
    prepare: (sim: SimServer) => void = () => {},
  ): Promise<SimServer> {
    const sim = new SimServer(disk, clock, directives);
    prepare(sim);
    if (directives.port === "0") await sim.server.start();
    else await sim.#network.during(() => sim.server.start());
    return sim;
  }

  /** A client connects. */
  async connect(events: ClientEvents): Promise<SimConnection> {
    const connection = this.#network.connect(events);
    await settle();
    return connection;
  }
}
