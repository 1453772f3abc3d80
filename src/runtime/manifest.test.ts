import { describe, expect, it } from 'vitest';
import { emptyLedger } from '../model/ledger.ts';
import { blobKey, blobsOf, decodeManifest, encodeManifest, type Manifest, segmentCodec } from './manifest.ts';

const blob = (n: number) => ({ epoch: 2, attempt: 3, blob: n, chunks: 1, bytes: 10, crc32: 99 });
const MANIFEST: Manifest = {
  version: 2,
  partition: 7,
  incarnation: 42,
  epoch: 2,
  attempt: 'a-b-c',
  owner: 'node/0',
  committedMs: 1_764_000_000_000,
  state: {
    position: 11,
    lastSequence: 9,
    lastReceivedMs: 1_763_999_999_000,
    watermarkMs: 1_763_999_994_000,
    finalThroughMs: 1_763_996_400_000,
    closedHour: 489_999,
    nextBlock: 5,
    announced: 3,
    totals: { ...emptyLedger(), messages: 9, messagesUsed: 9, readingsCounted: 20, readingsSealed: 12 },
    ledger: [
      {
        atMs: 1_763_999_940_000,
        sinceMs: 0,
        lastSequence: 4,
        totals: { ...emptyLedger(), messages: 4, messagesUsed: 4 },
      },
    ],
    ledgerStoredMs: 0,
    newestReceivedMs: 1_763_999_999_000,
    gaps: [{ from: 5, to: 6, sequences: 2, accepted: false }],
  },
  generation: 1,
  segments: [blob(0)],
  windows: blob(1),
  sessions: null,
  rejects: null,
  blocks: [{ block: 4, month: 202_511, rows: 2, readings: 12, blob: blob(2) }],
  lost: [{ fromBlock: 1, toBlock: 2 }],
};

describe('a manifest', () => {
  it('has this text, forever: a checkpoint outlives the program that wrote it (golden vector)', () => {
    expect(new TextDecoder().decode(encodeManifest(MANIFEST))).toBe(
      '{"version":2,"partition":7,"incarnation":42,"epoch":2,"attempt":"a-b-c","owner":"node/0","committedMs":1764000000000,' +
        '"state":{"position":11,"lastSequence":9,"lastReceivedMs":1763999999000,"watermarkMs":1763999994000,' +
        '"finalThroughMs":1763996400000,"closedHour":489999,"nextBlock":5,"announced":3,"totals":{"messages":9,' +
        '"messagesUsed":9,"messagesDuplicate":0,"messagesRejected":0,"readingsCounted":20,"readingsLate":0,' +
        '"readingsRejected":0,"readingsSealed":12},' +
        '"ledger":[{"atMs":1763999940000,"sinceMs":0,"lastSequence":4,"totals":{"messages":4,"messagesUsed":4,' +
        '"messagesDuplicate":0,"messagesRejected":0,"readingsCounted":0,"readingsLate":0,"readingsRejected":0,' +
        '"readingsSealed":0}}],"ledgerStoredMs":0,"newestReceivedMs":1763999999000,' +
        '"gaps":[{"from":5,"to":6,"sequences":2,"accepted":false}]},"generation":1,' +
        '"segments":[{"epoch":2,"attempt":3,"blob":0,"chunks":1,"bytes":10,"crc32":99}],' +
        '"windows":{"epoch":2,"attempt":3,"blob":1,"chunks":1,"bytes":10,"crc32":99},"sessions":null,"rejects":null,' +
        '"blocks":[{"block":4,"month":202511,"rows":2,"readings":12,"blob":{"epoch":2,"attempt":3,"blob":2,"chunks":1,"bytes":10,"crc32":99}}],' +
        '"lost":[{"fromBlock":1,"toBlock":2}]}',
    );
  });

  it('is read back as it was, and lists its blobs', () => {
    expect(decodeManifest(encodeManifest(MANIFEST))).toEqual(MANIFEST);
    expect(blobsOf(MANIFEST).map(blobKey)).toEqual(['2.3.0', '2.3.1', '2.3.2']);
  });

  it('without a ledger, as they once were written, begins one', () => {
    const { ledger, ledgerStoredMs, newestReceivedMs, gaps, ...state } = MANIFEST.state!;
    const old = { ...MANIFEST, state } as unknown as Manifest;
    expect(decodeManifest(encodeManifest(old)).state).toEqual({
      ...MANIFEST.state,
      ledger: [],
      newestReceivedMs: 0,
      gaps: [],
    });
    expect([ledger.length, ledgerStoredMs, newestReceivedMs > 0, gaps.length]).toEqual([1, 0, true, 1]);
  });

  it('of version 1, whose blocks were rows, is read', () => {
    const text = new TextDecoder().decode(encodeManifest(MANIFEST)).replace('"version":2', '"version":1');
    expect(decodeManifest(new TextEncoder().encode(text))).toEqual(MANIFEST);
  });

  it('of another version, or with a field that is missing, is refused', () => {
    const text = new TextDecoder().decode(encodeManifest(MANIFEST));
    const encoded = (changed: string): Uint8Array => new TextEncoder().encode(changed);
    expect(() => decodeManifest(encoded(text.replace('"version":2', '"version":3')))).toThrow('version');
    expect(() => decodeManifest(encoded(text.replace('"epoch":2,"attempt":"a-b-c",', '')))).toThrow('epoch');
    expect(() => decodeManifest(encoded(text.slice(1)))).toThrow('JSON');
  });
});

it('a blob of another version is refused', () => {
  const bytes = segmentCodec.encode({ from: 0 } as never);
  const at = bytes.indexOf(1);
  expect(() => segmentCodec.decode(bytes.with(at, 2))).toThrow('version 2');
});
