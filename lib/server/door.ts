/** Who is let in: `maxclients` and protected mode. */

import type { ConfigValues } from "../config/values.ts";

/** What comes of a connection. */
export type Admission =
  | { readonly admit: true }
  | { readonly admit: false; readonly error: string };

const PROTECTED_MODE_ERROR =
  "DENIED redeno is running in protected mode: it accepts connections from this machine only, " +
  "because no password is set. To connect from elsewhere set 'requirepass', or if no stranger " +
  "can reach this port turn it off with 'CONFIG SET protected-mode no' from this machine or " +
  "'protected-mode no' in the configuration file.";
const MAX_CLIENTS_ERROR = "ERR max number of clients reached";

/** Whether a connection from `addr` is let in while `clientCount` are connected. */
export function admission(addr: Deno.Addr, values: ConfigValues, clientCount: number): Admission {
  if (clientCount >= values.maxclients) return { admit: false, error: MAX_CLIENTS_ERROR };
  if (values["protected-mode"] && values.requirepass === "" && !isLocal(addr)) {
    return { admit: false, error: PROTECTED_MODE_ERROR };
  }
  return { admit: true };
}

/** Whether an address is on this machine. */
export function isLocal(addr: Deno.Addr): boolean {
  if (addr.transport !== "tcp") return addr.transport === "unix";
  const host = addr.hostname.replace(/^::ffff:/, ""); // IPv4 through a socket of IPv6
  return host.startsWith("127.") || host === "::1";
}
