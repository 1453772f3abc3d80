import { describe, expect, it } from 'vitest';
import { HOSTILE_PAYLOADS } from '../../../test/fixtures/hostile-payloads.ts';
import type { Decoded, RejectReason } from '../../model/reading.ts';
import { Decoder, isKnownContentType } from './decoder.ts';

const RECEIVED_MS = 1_764_000_000_000;
const CHANNEL = 'readings.3.riga.centrs.air.gw-1';

describe('the table of hostile payloads', () => {
  const decoder = new Decoder();
  const run = (payload: Uint8Array, contentType: string | undefined): Decoded =>
    decoder.decode(payload, contentType, CHANNEL, 'gw-1', RECEIVED_MS);

  it('has names that are used once', () => {
    expect(HOSTILE_PAYLOADS.length).toBeGreaterThan(80);
    expect(new Set(HOSTILE_PAYLOADS.map(({ name }) => name)).size).toBe(HOSTILE_PAYLOADS.length);
    for (const { payload, big } of HOSTILE_PAYLOADS) expect(payload.length > 1_000_000).toBe(big ?? false);
  });

  // Twice each by one decoder: what one message leaves behind must not be seen by the next.
  for (const { name, payload, contentType, good, rejects, whole } of [...HOSTILE_PAYLOADS, ...HOSTILE_PAYLOADS]) {
    it(name, () => {
      const decoded = run(payload, contentType);
      if (!decoded.ok) {
        expect(decoded.reject.detail).not.toBe('');
        expect({ whole: decoded.reject.reason, detail: decoded.reject.detail }).toMatchObject({ whole });
        return;
      }
      expect(whole, 'should be rejected whole').toBeUndefined();
      const { batch } = decoded;
      const found: Partial<Record<RejectReason, number[]>> = {};
      for (const { reason, indexes, detail } of batch.rejects) {
        expect(found[reason], 'one entry a reason').toBeUndefined();
        expect(detail).not.toBe('');
        found[reason] = indexes;
      }
      expect(found).toEqual(rejects);
      expect(batch.count).toBe(good);
      for (let i = 0; i < batch.count; i++) {
        if (!Number.isFinite(batch.value[i]) || !Number.isInteger(batch.timeMs[i])) expect.fail(`reading ${i}`);
      }
    });
  }
});

describe('the content type', () => {
  it('is known in any case and with parameters', () => {
    for (const known of [
      'application/senml+json',
      'APPLICATION/JSON',
      'application/msgpack;v=1',
      ' application/json ; q=1',
    ]) {
      expect(isKnownContentType(known), known).toBe(true);
    }
  });

  it('is unknown where the contract does not name it', () => {
    for (const unknown of [
      '',
      'text/plain',
      'application/x-msgpack',
      'application/senml+cbor',
      'application/json5',
      ';',
    ]) {
      expect(isKnownContentType(unknown), unknown).toBe(false);
    }
  });
});
