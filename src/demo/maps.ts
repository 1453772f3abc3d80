/**
 * The maps of the demo's cities, drawn by hand. Boundary: pure; figures only.
 *
 * Metropolis lies at a made-up bay of the Atlantic: a river from the east to the harbour divides hills and campus in the north from
 * old town and riverside in the south. The five districts of Aarhus are ours (demo/data/README.md), laid roughly where the real city
 * is; where the sensors stand in them is made up.
 */
import type { Sheet } from './district-map.ts';

export const METROPOLIS_MAP: Sheet = {
  corner: [-9.06, 39.56],
  step: [0.0016, 0.0012],
  junctions: {
    cape: [20, 74],
    mouth: [16, 44],
    bridge: [36, 42],
    weir: [48, 46],
    ford: [60, 43],
    lock: [76, 47],
    pass: [52, 78],
    mast: [84, 66],
    tower: [80, 18],
    market: [50, 24],
    beach: [46, 8],
  },
  borders: {
    // The coast, from the beach around the harbour's basins to the cape.
    'beach-mouth': [
      [41, 9.5],
      [37, 7],
      [33, 10],
      [31, 14],
      [34.5, 17.5],
      [33.5, 21.5],
      [29.5, 22.5],
      [27, 19],
      [24, 18],
      [21.5, 22],
      [23.5, 25.5],
      [27, 27.5],
      [26, 31],
      [21.5, 30.5],
      [18.5, 33],
      [19.5, 37],
      [17.5, 40.5],
    ],
    'mouth-cape': [
      [13.5, 47.5],
      [15, 51.5],
      [12, 55],
      [11, 59],
      [14, 62],
      [13, 66],
      [16, 69.5],
    ],
    // The river, upwards.
    'mouth-bridge': [
      [20, 45.5],
      [24, 44],
      [27.5, 41.5],
      [31.5, 41],
    ],
    'bridge-weir': [
      [40, 44.5],
      [44, 46.5],
    ],
    'weir-ford': [
      [51.5, 44.5],
      [54, 41.5],
      [57, 41],
    ],
    'ford-lock': [
      [64, 46],
      [68, 47.5],
      [72, 46.5],
    ],
    // The city's edge, from the cape over the north and the east to the beach.
    'cape-pass': [
      [26, 77],
      [31, 76],
      [36, 79.5],
      [42, 78],
      [47, 80],
    ],
    'pass-mast': [
      [58, 79],
      [64, 76.5],
      [69, 77],
      [75, 73],
      [80, 70.5],
    ],
    'mast-tower': [
      [90, 63],
      [95, 57],
      [97, 49],
      [94, 41],
      [96, 33],
      [91, 26],
      [86, 21],
    ],
    'tower-beach': [
      [74, 15.5],
      [68, 16],
      [63, 12],
      [57, 10.5],
      [52, 6.5],
    ],
    // Roads and ridges between the districts.
    'pass-weir': [
      [50.5, 73],
      [53, 68],
      [51, 62],
      [47.5, 57],
      [49, 51],
    ],
    'mast-lock': [
      [81, 61],
      [82.5, 56],
      [78.5, 52],
    ],
    'tower-lock': [
      [79, 24],
      [82, 30],
      [77.5, 36],
      [79, 42],
    ],
    'beach-market': [
      [47.5, 13],
      [45.5, 18],
    ],
    'market-ford': [
      [54, 27.5],
      [57.5, 33],
      [57, 38],
    ],
    'bridge-market': [
      [38, 37],
      [36.5, 32],
      [40, 27.5],
      [45.5, 27],
    ],
  },
  districts: {
    airport: ['mast', 'lock', 'tower'],
    campus: ['pass', 'weir', 'ford', 'lock', 'mast'],
    harbour: ['mouth', 'beach', 'market', 'bridge'],
    hills: ['cape', 'mouth', 'bridge', 'weir', 'pass'],
    'old-town': ['bridge', 'market', 'ford', 'weir'],
    riverside: ['ford', 'market', 'beach', 'tower', 'lock'],
  },
};

export const AARHUS_MAP: Sheet = {
  corner: [10.08, 56.09],
  step: [0.0025, 0.0017],
  junctions: {
    northwest: [24, 66],
    northeast: [72, 70],
    southeast: [60, 16],
    southwest: [26, 14],
    gate1: [44, 46],
    gate2: [58, 48],
    gate3: [58, 31],
    gate4: [45, 30],
  },
  borders: {
    'northwest-northeast': [
      [31, 70],
      [38, 69],
      [46, 74],
      [54, 72.5],
      [61, 75],
      [67, 73],
    ],
    // The bay.
    'northeast-southeast': [
      [71, 64],
      [73.5, 58],
      [70, 53],
      [66, 50.5],
      [64.5, 46],
      [66.5, 42],
      [64, 38.5],
      [61.5, 37],
      [63.5, 33],
      [62.5, 28],
      [64, 22],
    ],
    'southeast-southwest': [
      [53, 13],
      [47, 14.5],
      [40, 10],
      [33, 12],
    ],
    'southwest-northwest': [
      [22, 21],
      [23.5, 30],
      [18, 38],
      [20, 46],
      [17, 54],
      [21, 60],
    ],
    'northwest-gate1': [
      [30, 61],
      [34, 55],
      [40, 52],
    ],
    'northeast-gate2': [
      [67, 64],
      [64, 58],
      [60.5, 54],
    ],
    'southeast-gate3': [
      [57, 21],
      [59.5, 26],
    ],
    'southwest-gate4': [
      [32, 19],
      [37, 22],
      [41, 27],
    ],
    'gate1-gate2': [
      [48, 48.5],
      [53, 47.5],
    ],
    'gate2-gate3': [
      [57, 43],
      [59.5, 38],
    ],
    'gate3-gate4': [
      [53, 29],
      [49, 31],
    ],
    'gate4-gate1': [
      [43, 35],
      [45.5, 40],
    ],
  },
  districts: {
    centre: ['gate1', 'gate4', 'gate3', 'gate2'],
    east: ['northeast', 'gate2', 'gate3', 'southeast'],
    north: ['northwest', 'gate1', 'gate2', 'northeast'],
    south: ['southwest', 'southeast', 'gate3', 'gate4'],
    west: ['northwest', 'southwest', 'gate4', 'gate1'],
  },
};
