/** Texts against bytes, where no text is made of them. Boundary: pure. */

/** True where the bytes are this text, which then is ASCII. */
export function isText(text: string, bytes: Uint8Array, start: number, end: number): boolean {
  if (text.length !== end - start) return false;
  for (let at = start; at < end; at++) if (text.charCodeAt(at - start) !== bytes[at]) return false;
  return true;
}
