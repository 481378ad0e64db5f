/** Connections by the path of a Unix socket. */

import { RespClient } from "./resp_client.ts";

/** The name of the sockets that tests make, in the directory of the server. */
export const SOCKET = "s.sock";

const REPLY_TIMEOUT_MS = 20_000;

/** Connects to the Unix socket at `path`. */
export async function connectAt(path: string): Promise<RespClient> {
  return new RespClient(await Deno.connect({ transport: "unix", path }), REPLY_TIMEOUT_MS);
}

/** What there is at `path`; a symbolic link is not followed. */
export function kindOf(path: string): "socket" | "file" | "other" | "nothing" {
  try {
    const { isSocket, isFile } = Deno.lstatSync(path);
    return isSocket ? "socket" : isFile ? "file" : "other";
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "nothing";
    throw error;
  }
}
