import { expect, it } from 'vitest';
import { SESSION_NUMBERS_REMEMBERED } from '../model/limits.ts';
import { sampleMessages } from './sample.ts';

it('the sample has fewer messages than a session remembers, so that it counts once however often it is published', async () => {
  let messages = 0;
  let readings = 0;
  for await (const message of sampleMessages(new AbortController().signal)) {
    messages += 1;
    readings += message.readings;
  }
  expect(readings).toBe(246_204);
  expect(messages).toBeLessThan(SESSION_NUMBERS_REMEMBERED);
});
