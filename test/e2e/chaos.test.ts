/** The campaigns of `npm run chaos` still break what they say, and nothing is lost. Figures of this size mean nothing. */
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { runCampaign } from '../chaos/campaign.ts';
import { CAMPAIGNS } from '../chaos/campaigns.ts';

const PROGRAM = fileURLToPath(new URL('../../dist/main.js', import.meta.url));
const NO_LENGTHS = { awaySeconds: 1, messages: 1_000 };

it.each([
  { name: 'kill-before-insert', tries: 1 },
  { name: 'lost-insert-reply', tries: 5 },
  { name: 'freeze-node', tries: 1 },
])('$name: $tries tries, 0 lost, 0 twice', { timeout: 240_000 }, async ({ name, tries }) => {
  const campaign = CAMPAIGNS.find((one) => one.name === name);
  if (campaign === undefined) throw new Error(`there is no campaign ${name}`);
  const lines: string[] = [];
  const say = (line: string): void => void lines.push(line);
  // Two nodes are enough, and start sooner.
  const small = { ...campaign, arena: { nodes: 2, ...campaign.arena } };
  const outcome = await runCampaign(small, { program: PROGRAM, seed: 1, tries, say, ...NO_LENGTHS });
  expect(outcome).toMatchObject({ wrong: [], lost: 0, twice: 0 });
  expect(outcome.tries).toBeGreaterThanOrEqual(tries);
  expect(outcome.readings).toBeGreaterThan(0);
  expect(lines.length).toBeGreaterThanOrEqual(2);
});
