/** Logs without the lines that frame their batches, for tests that look at the commands. */

import { latin1 } from "./resp_reply.ts";

/** The text of a log's file, one character a byte, without frames. */
export function withoutFrames(text: string): string {
  return text.replace(/#B:\d+\r\n|#S:[\d,]+,[0-9a-f]{8},[0-9a-f]{8}\r\n/g, "");
}

/** The bytes of a log's file without frames. */
export async function readLog(path: string): Promise<Uint8Array<ArrayBuffer>> {
  const text = withoutFrames(latin1(await Deno.readFile(path)));
  return Uint8Array.from(text, (letter) => letter.charCodeAt(0));
}
