/** What broken devices send: each is rejected for another reason of the contract, section 2. Boundary: pure. */

const text = new TextEncoder();

type Broken = (nowS: number) => string | Uint8Array;

const BROKEN: readonly Broken[] = [
  () => '[{"n":"dba","v":',
  () => '[{"n":"dba","vs":"loud"}]',
  () => '[{"n":"dba","v":1e400}]',
  () => '[{"n":"dB A","v":51}]',
  (nowS) => `[{"n":"dba","v":51,"t":${String(nowS + 7_200)}}]`,
  () => '[{"n":"dba","v":51,"t":315532800}]',
  (nowS) => `[{"n":"dba","v":51.5,"t":${String(nowS)}},{"n":"dba","vb":true}]`,
  () => Uint8Array.of(0x82, 0xa1, 0x6d, 0xa3, 0x64, 0x62),
];

/** @param draw which one, 0 to 1. */
export function badPayload(draw: number, nowMs: number): Uint8Array {
  const broken = BROKEN[Math.min(BROKEN.length - 1, Math.floor(draw * BROKEN.length))];
  const payload = broken?.(Math.floor(nowMs / 1_000)) ?? '';
  return typeof payload === 'string' ? text.encode(payload) : payload;
}
