/** Sizes for people. */

const UNITS = ["B", "K", "M", "G", "T", "P"];

/** A size as INFO shows it: `512B`, `1.09M`. */
export function humanBytes(size_bytes: number): string {
  let size = Math.round(size_bytes);
  if (size < 1024) return `${size}B`;
  let unit = 0;
  while (size >= 1024 && unit < UNITS.length - 1) {
    size /= 1024;
    unit++;
  }
  return `${size.toFixed(2)}${UNITS[unit]}`;
}
