import fc from 'fast-check';
import { expect, it } from 'vitest';
import { KEPT_PIECE_BYTES } from '../../model/limits.ts';
import { KeptBytes } from './kept-bytes.ts';

it('bytes are given back as they were, whatever they are and however many pieces they take, whatever is done with those given before', () => {
  const bytes = fc
    .tuple(fc.uint8Array({ maxLength: 5 }), fc.nat(3 * KEPT_PIECE_BYTES), fc.uint8Array({ maxLength: 5 }))
    .map(([begin, length, end]) => Buffer.concat([begin, Buffer.alloc(length, 0xe9), end]));
  fc.assert(
    fc.property(bytes, (given) => {
      const kept = new KeptBytes(given);
      const [first, second] = [kept.toBytes(), kept.toBytes()];
      expect(first.equals(given)).toBe(true);
      first.fill(0);
      expect(second.equals(given)).toBe(true);
      expect(kept.toBytes().equals(given)).toBe(true);
    }),
  );
});
