/** Directives that mean something to the running server when CONFIG SET changes them. */

import { fromByteText } from "../config/byte_text.ts";
import { lfuTuning } from "../keyspace/access.ts";
import type { Disk } from "../platform/disk.ts";
import type { Logger } from "../platform/logger.ts";
import type { Cron } from "./cron.ts";
import type { LogControl } from "./log_control.ts";
import type { Notifications } from "./notifications.ts";
import type { InformedServer } from "./server_info.ts";

/** Who obeys. */
export interface ConfigEffects {
  readonly server: InformedServer;
  /** Copies of two directives as plain fields. */
  readonly inputLimits: { bulkBytesMax: number; queryBytesMax: number };
  readonly cron: Cron;
  readonly logControl: LogControl;
  readonly notifications: Notifications;
  readonly disk: Disk;
  readonly logger: Logger;
}

/** Directives whose values are copied to where they are needed fast. */
const COPIED_DIRECTIVES = [
  "maxmemory-policy",
  "lfu-log-factor",
  "lfu-decay-time",
  "proto-max-bulk-len",
  "client-query-buffer-limit",
  "notify-keyspace-events",
] as const;

/** Copies what is needed fast, and listens for changes. */
export function obeyConfig(effects: ConfigEffects): void {
  const { server, cron, logControl, disk, logger } = effects;
  const { config } = server;
  copyValues(effects);
  for (const name of COPIED_DIRECTIVES) config.onChange(name, () => copyValues(effects));
  config.onChange("hz", (hz) => cron.start(hz));
  config.onChange("appendfsync", () => server.appendLog.setPolicy());
  config.onChange("appendonly", (on) => logControl.turn(on));
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

function copyValues({ server, inputLimits, notifications }: ConfigEffects): void {
  const { keyspace, config: { values } } = server;
  keyspace.notifyClasses = notifications.obey(values["notify-keyspace-events"]);
  keyspace.lfu = values["maxmemory-policy"].endsWith("-lfu");
  lfuTuning.logFactor = values["lfu-log-factor"];
  lfuTuning.decay_minutes = values["lfu-decay-time"];
  inputLimits.bulkBytesMax = values["proto-max-bulk-len"];
  inputLimits.queryBytesMax = values["client-query-buffer-limit"];
}
