/**
 * Which member should own which partition.
 *
 * Job: every member computes the same answer from the names of those who live; no one decides for the others.
 * Boundary: a pure function. Rendezvous hashing (Thaler and Ravishankar, 1998), cut to shares that differ by one at
 * most: the pairs of member and partition with the highest scores are placed first, so that a member who comes or
 * goes moves little more than its own share.
 */

/** @returns for each member the partitions it should own, ascending. Shares differ by at most one. */
export function placePartitions(partitions: number, members: readonly string[]): Map<string, number[]> {
  const names = [...new Set(members)].sort();
  const placement = new Map<string, number[]>(names.map((name) => [name, []]));
  if (names.length === 0) return placement;
  const least = Math.floor(partitions / names.length);
  let larger = partitions % names.length;
  const placed = new Uint8Array(partitions);
  for (const { name, partition } of pairsByScore(partitions, names)) {
    const share = placement.get(name)!;
    if (placed[partition] === 1 || share.length > least) continue;
    if (share.length === least) {
      if (larger === 0) continue;
      larger -= 1;
    }
    placed[partition] = 1;
    share.push(partition);
  }
  for (const share of placement.values()) share.sort((a, b) => a - b);
  return placement;
}

function pairsByScore(partitions: number, names: readonly string[]): { name: string; partition: number }[] {
  const pairs = names.flatMap((name) => {
    const seed = hash(name);
    return Array.from({ length: partitions }, (_, partition) => ({ name, partition, score: mix(seed, partition) }));
  });
  return pairs.sort((a, b) => b.score - a.score || a.partition - b.partition || (a.name < b.name ? -1 : 1));
}

/** FNV-1a. */
function hash(text: string): number {
  let h = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) h = Math.imul(h ^ text.charCodeAt(at), 0x01000193);
  return h;
}

/** murmur3's last steps: neighbours in number score far apart. */
function mix(seed: number, partition: number): number {
  let h = seed ^ Math.imul(partition + 1, 0x9e3779b1);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
