/** Every command there is, by name. A new group is added here. */

import { aclCommand } from "./acl.ts";
import { backupCommand } from "./backup.ts";
import { bitmapCommands } from "./bitmap.ts";
import { clientCommand } from "./client_command.ts";
import { clusterCommands } from "./cluster.ts";
import type { Command } from "./command.ts";
import { connectionCommands } from "./connection.ts";
import { introspectionCommands } from "./introspection.ts";
import { debugCommand } from "./debug.ts";
import { dumpCommands } from "./dump.ts";
import { geoCommands } from "./geo.ts";
import { hashCommands } from "./hashes.ts";
import { hyperloglogCommands } from "./hyperloglog.ts";
import { keyCommands } from "./keys.ts";
import { latencyCommand } from "./latency.ts";
import { listCommands } from "./list.ts";
import { moduleCommand } from "./module_command.ts";
import { monitorCommand } from "./monitor.ts";
import { pubsubCommands } from "./pubsub.ts";
import { roleCommand } from "./role.ts";
import { savingCommands } from "./saving.ts";
import { setCommands } from "./set.ts";
import { slowlogCommand } from "./slowlog.ts";
import { sortCommands } from "./sort.ts";
import { streamCommands } from "./stream.ts";
import { stringCommands } from "./strings.ts";
import { transactionCommands } from "./transactions.ts";
import { waitCommands } from "./waitaof.ts";
import { zsetCommands } from "./zset.ts";

/** All commands by name in small letters. */
export const commands: ReadonlyMap<string, Command> = new Map(
  [
    ...stringCommands,
    aclCommand,
    backupCommand,
    ...bitmapCommands,
    ...hyperloglogCommands,
    ...keyCommands,
    ...connectionCommands,
    ...dumpCommands,
    clientCommand,
    ...clusterCommands,
    ...geoCommands,
    ...hashCommands,
    ...listCommands,
    moduleCommand,
    monitorCommand,
    ...pubsubCommands,
    ...transactionCommands,
    ...introspectionCommands,
    latencyCommand,
    roleCommand,
    ...savingCommands,
    ...setCommands,
    slowlogCommand,
    ...sortCommands,
    ...streamCommands,
    ...waitCommands,
    ...zsetCommands,
    debugCommand,
  ].map((command) => [command.name, command]),
);
