/** Every campaign, in the order of the table in docs/RELIABILITY.md. */
import type { Campaign } from './campaign.ts';
import { KILLS } from './kills.ts';

export const CAMPAIGNS: readonly Campaign[] = [...KILLS];
