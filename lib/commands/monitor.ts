/** MONITOR: from now on the client is shown every command that runs, until RESET or its end. */

import { command } from "./command.ts";

const NOT_IN_EXEC = "ERR MONITOR isn't allowed for DENY BLOCKING client";

/** MONITOR. */
export const monitorCommand = command({
  name: "monitor",
  arity: 1,
  flags: ["admin", "noscript", "loading", "stale"],
  group: "server",
  since: "1.0.0",
  summary: "Shows every command that the server runs, as it runs.",
  complexity: "",
  syntax: "",
  run({ client, mayWait, reply, server }) {
    if (!mayWait) return reply.error(NOT_IN_EXEC);
    if (client.isMonitor) return; // as in Redis, it is not even answered
    server.monitors.add(client);
    reply.ok();
  },
});
