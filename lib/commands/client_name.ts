/**
 * What a client may call itself (CLIENT SETNAME, HELLO ... SETNAME): the name must not break a line
 * of CLIENT LIST, nor its fields.
 */

/** Redis's text for a name that {@linkcode isValidName} refuses. */
export const NAME_ERROR = "ERR Client names cannot contain spaces, newlines or special characters.";

/** Whether every byte of `name` (latin1) is in `!` .. `~`; the empty name takes a name away. */
export function isValidName(name: string): boolean {
  for (let i = 0; i < name.length; i++) {
    const byte = name.charCodeAt(i);
    if (byte < 0x21 || byte > 0x7e) return false;
  }
  return true;
}
