/** ROLE: this server's part in replication. There are no replicas: a master with nobody behind it. */

import { command } from "./command.ts";

/** ROLE. */
export const roleCommand = command({
  name: "role",
  arity: 1,
  flags: ["noscript", "loading", "stale", "fast"],
  acl: ["admin", "dangerous"],
  group: "server",
  since: "2.8.12",
  summary: "Returns the part that the server plays in replication.",
  complexity: "O(1)",
  syntax: "",
  run({ reply }) {
    reply.array(3);
    reply.bulkText("master");
    reply.integer(0); // the offset that replicas would have to reach
    reply.array(0); // the replicas
  },
});
