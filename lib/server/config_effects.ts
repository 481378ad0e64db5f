/** Directives that mean something to the running server when CONFIG SET changes them. */

import { fromByteText } from "../config/byte_text.ts";
import { attempt } from "../config/maybe_async.ts";
import { lfuTuning } from "../keyspace/access.ts";
import { messageOf } from "../platform/message_of.ts";
import type { Disk } from "../platform/disk.ts";
import type { Logger } from "../platform/logger.ts";
import type { CommandTimer } from "./command_timer.ts";
import type { Cron } from "./cron.ts";
import type { Notifications } from "./notifications.ts";
import { watchedFrom_bytes } from "./output_limits.ts";
import type { InformedServer } from "./server_info.ts";

/** Who obeys. */
export interface ConfigEffects {
  readonly server: InformedServer;
  /** Copies of directives as plain fields. */
  readonly limits: {
    bulkBytesMax: number;
    queryBytesMax: number;
    outputWatchedFrom_bytes: number;
  };
  readonly cron: Cron;
  readonly notifications: Notifications;
  readonly timer: CommandTimer;
  readonly disk: Disk;
  readonly logger: Logger;
  /** Obeys `bind` and `port`; throws or rejects, and nothing has changed, if that cannot be done. */
  readonly listen: () => void | Promise<void>;
}

/** Directives whose values are copied to where they are needed fast. */
const COPIED_DIRECTIVES = [
  "maxmemory-policy",
  "lfu-log-factor",
  "lfu-decay-time",
  "proto-max-bulk-len",
  "client-query-buffer-limit",
  "client-output-buffer-limit",
  "notify-keyspace-events",
  "slowlog-log-slower-than",
  "latency-monitor-threshold",
  "latency-tracking",
] as const;

/** Copies what is needed fast, and listens for changes. */
export function obeyConfig(effects: ConfigEffects): void {
  const { server, cron, disk, logger, listen } = effects;
  const { config } = server;
  copyValues(effects);
  for (const name of COPIED_DIRECTIVES) config.onChange(name, () => copyValues(effects));
  const listenOr = (refusal: string) => () =>
    attempt(listen, (error) => {
      logger.log("warning", messageOf(error));
      throw new Error(refusal);
    });
  config.onChange("port", listenOr("Unable to listen on this port. Check server logs."));
  config.onChange("bind", listenOr("Failed to bind to specified addresses."));
  config.onChange("hz", (hz) => cron.start(hz));
  config.onChange("appendfsync", () => server.persistence.appendLog.setPolicy());
  config.onChange("appendonly", (on) => server.persistence.turnLog(on));
  config.onChange("aof-checksums", () => server.persistence.setFrames());
  config.onChange("aof-archive-dir", () => server.persistence.archiver.obey());
  config.onChange("aof-archive-interval", () => server.persistence.archiver.obey());
  config.onChange("loglevel", (level) => {
    logger.level = level;
  });
  config.onChange("requirepass", (password) => {
    if (password !== "") return;
    for (const client of server.clients.all()) client.authenticated = true;
  });
  config.onChange("dir", (dir) => {
    if (disk.stat(fromByteText(dir))?.isDirectory !== true) {
      throw new Error("No such file or directory");
    }
  });
}

function copyValues({ server, limits, notifications, timer }: ConfigEffects): void {
  const { keyspace, config: { values } } = server;
  keyspace.notifyClasses = notifications.obey(values["notify-keyspace-events"]);
  keyspace.lfu = values["maxmemory-policy"].endsWith("-lfu");
  lfuTuning.logFactor = values["lfu-log-factor"];
  lfuTuning.decay_minutes = values["lfu-decay-time"];
  limits.bulkBytesMax = values["proto-max-bulk-len"];
  timer.obey({
    slowFrom_us: values["slowlog-log-slower-than"],
    spikeFrom_ms: values["latency-monitor-threshold"],
    tracking: values["latency-tracking"],
  });
  limits.queryBytesMax = values["client-query-buffer-limit"];
  limits.outputWatchedFrom_bytes = watchedFrom_bytes(values["client-output-buffer-limit"]);
}
