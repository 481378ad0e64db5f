/**
 * Sockets that are files. A server that was killed leaves its file behind, and no socket can be
 * bound where a file is.
 *
 * Promise: what stands in the way is removed if nothing can be lost with it - a socket, a symbolic
 * link - and else left alone, with an error.
 */

/** Bytes of a path that the system's address of a socket has room for, without its end mark. */
export const SOCKET_PATH_BYTES_MAX = 107;

/**
 * Binds a socket to `path` and listens.
 *
 * @param path absolute, of at most {@linkcode SOCKET_PATH_BYTES_MAX} bytes
 * @param permissions of the file, such as 0o770; 0: those that the process gives new files
 * @throws {Error} that says why it could not be had
 */
export function listenAtPath(path: string, permissions: number): Deno.UnixListener {
  clear(path);
  const socket = Deno.listen({ transport: "unix", path });
  try {
    if (permissions !== 0) Deno.chmodSync(path, permissions);
  } catch (error) {
    socket.close();
    throw error;
  }
  return socket;
}

/**
 * Stops listening and removes the file. Deno removes it, too, but only when `accept` has ended: by
 * then, if nobody waits for that, another server may have the path.
 */
export function closeAtPath(socket: Deno.UnixListener, path: string): void {
  try {
    Deno.removeSync(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  } finally {
    socket.close();
  }
}

/** Removes what a server that was killed has left. */
function clear(path: string): void {
  try {
    const { isSocket, isSymlink } = Deno.lstatSync(path);
    if (!isSocket && !isSymlink) throw new Error("something that is not a socket is there already");
    Deno.removeSync(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
