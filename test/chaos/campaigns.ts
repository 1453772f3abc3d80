/** Every campaign, in the order of the table in docs/RELIABILITY.md. */
import type { Campaign } from './campaign.ts';
import { CLUSTER_CAMPAIGNS } from './cluster.ts';
import { HOSTILE } from './hostile.ts';
import { KILLS } from './kills.ts';
import { NODE_CAMPAIGNS } from './nodes.ts';
import { POOL_CAMPAIGNS } from './pool.ts';
import { SERVER_CAMPAIGNS } from './servers.ts';

export const CAMPAIGNS: readonly Campaign[] = [
  ...KILLS,
  ...SERVER_CAMPAIGNS,
  ...CLUSTER_CAMPAIGNS,
  ...NODE_CAMPAIGNS,
  ...POOL_CAMPAIGNS,
  HOSTILE,
];
