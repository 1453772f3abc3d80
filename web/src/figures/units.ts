/**
 * Units: UCUM codes underneath, what people read on top, and the ones a reader may choose instead.
 *
 * Boundary: pure. Figures are stored and sent in the unit their sensors use; they are converted here, when they are shown.
 */

export interface Unit {
  /** UCUM, case sensitive. */
  readonly code: string;
  /** As it stands behind a figure. */
  readonly symbol: string;
  /** As one says it, where there is a choice. */
  readonly name: string;
  /** base = value · scale + offset, the base being the same for all units that measure the same. */
  readonly scale: number;
  readonly offset: number;
}

/** Of a metric without a registered unit: a figure alone. */
export const NO_UNIT: Unit = { code: '', symbol: '', name: 'no unit known', scale: 1, offset: 0 };

const unit = (code: string, symbol: string, name: string, scale: number, offset = 0): Unit => ({
  code,
  symbol,
  name,
  scale,
  offset,
});

/** What can be converted into one another, one list each. */
const DIMENSIONS: readonly (readonly Unit[])[] = [
  [
    unit('Cel', '°C', 'degrees Celsius', 1, 273.15),
    unit('[degF]', '°F', 'degrees Fahrenheit', 5 / 9, 459.67 * (5 / 9)),
    unit('K', 'K', 'kelvin', 1),
  ],
  [
    unit('km/h', 'km/h', 'kilometres per hour', 1 / 3.6),
    unit('[mi_i]/h', 'mph', 'miles per hour', 0.447_04),
    unit('m/s', 'm/s', 'metres per second', 1),
    unit('[kn_i]', 'kn', 'knots', 1_852 / 3_600),
  ],
  [
    unit('hPa', 'hPa', 'hectopascals', 100),
    unit('mbar', 'mbar', 'millibars', 100),
    unit('kPa', 'kPa', 'kilopascals', 1_000),
    unit('[in_i\u0027Hg]', 'inHg', 'inches of mercury', 3_386.389),
    unit('mm[Hg]', 'mmHg', 'millimetres of mercury', 133.322_4),
    unit('Pa', 'Pa', 'pascals', 1),
  ],
  [
    unit('ug/m3', 'µg/m³', 'micrograms per cubic metre', 1e-6),
    unit('mg/m3', 'mg/m³', 'milligrams per cubic metre', 1e-3),
  ],
  [unit('kW', 'kW', 'kilowatts', 1_000), unit('W', 'W', 'watts', 1), unit('MW', 'MW', 'megawatts', 1e6)],
  [
    unit('kW.h', 'kWh', 'kilowatt hours', 1_000),
    unit('W.h', 'Wh', 'watt hours', 1),
    unit('MJ', 'MJ', 'megajoules', 1e6 / 3_600),
  ],
  [
    unit('L/min', 'l/min', 'litres per minute', 1e-3 / 60),
    unit('L/s', 'l/s', 'litres per second', 1e-3),
    unit('m3/h', 'm³/h', 'cubic metres per hour', 1 / 3_600),
    unit('[gal_us]/min', 'gal/min', 'US gallons per minute', 3.785_411_784e-3 / 60),
  ],
  [
    unit('mm', 'mm', 'millimetres', 1e-3),
    unit('cm', 'cm', 'centimetres', 1e-2),
    unit('m', 'm', 'metres', 1),
    unit('[in_i]', 'in', 'inches', 0.025_4),
    unit('[ft_i]', 'ft', 'feet', 0.304_8),
  ],
];

/** The same units under other codes that UCUM allows, and units without company. */
const ALONE: readonly Unit[] = [
  unit('%', '%', 'per cent', 1),
  unit('dB', 'dB', 'decibels', 1),
  unit('dB[SPL]', 'dB', 'decibels of sound pressure', 1),
  unit('lx', 'lx', 'lux', 1),
  unit('1', '', 'a number', 1),
  unit('[ppm]', 'ppm', 'parts per million', 1),
  unit('[ppb]', 'ppb', 'parts per billion', 1),
];
const SPELLINGS: Readonly<Record<string, string>> = { 'l/min': 'L/min', 'l/s': 'L/s', '[mph_i]': '[mi_i]/h' };

const DIMENSION_OF = new Map(DIMENSIONS.flatMap((units) => units.map((one) => [one.code, units] as const)));
const ALONE_OF = new Map(ALONE.map((one) => [one.code, one]));

/** The unit of a UCUM code. One that is not known stands for itself, without its annotation's braces. */
export function unitOf(code: string | null): Unit {
  if (code === null || code === '') return NO_UNIT;
  const spelled = SPELLINGS[code] ?? code;
  const known = DIMENSION_OF.get(spelled)?.find((one) => one.code === spelled) ?? ALONE_OF.get(spelled);
  return known ?? unit(code, code.replaceAll(/[{}]/g, ''), code, 1);
}

/** Units that a reader may choose instead of this one, itself included. */
export function choicesOf(own: Unit): readonly Unit[] {
  return DIMENSION_OF.get(own.code) ?? [own];
}

/** The unit to show: what was chosen among those that measure the same, or its own. */
export function shownUnit(own: Unit, chosen: readonly string[]): Unit {
  return choicesOf(own).find(({ code }) => chosen.includes(code)) ?? own;
}

/** The list of choices after one more: it takes the place of a choice for the same kind of quantity. */
export function choose(chosen: readonly string[], wanted: Unit): string[] {
  const same = choicesOf(wanted).map(({ code }) => code);
  return [...chosen.filter((code) => !same.includes(code)), wanted.code];
}

/** A value in another unit of the same kind. */
export function convert(value: number, from: Unit, to: Unit): number {
  if (from.code === to.code) return value;
  return (value * from.scale + from.offset - to.offset) / to.scale;
}
