import { expect, it } from 'vitest';
import { isUcumCode } from './ucum.ts';

it.each([
  '1', '%', 'Cel', '[degF]', 'K', 'ug/m3', 'mg/m3', 'km/h', '[mi_i]/h', 'm/s2', 'hPa', 'mm[Hg]', 'dB[SPL]', 'B[10.nV]', 'kW.h',
  '{vehicles}', '{vehicles}/h', 'mm{rain}', '10*6/L', '10^3', '/min', '/m2', 'W/(m2.K)', 'm3/h', "'", "''", 'kg.m2/s3/A2', '2.m', 'm-1',
])('%s is a UCUM code', (code) => expect(isUcumCode(code)).toBe(true)); // prettier-ignore

it.each([
  '', '°C', 'µg/m³', 'ug per m3', 'kg*m', 'm^2', 'km/', 'm//s', '(m', 'm)', '{a', 'a}', 'm..s', '[x', '{a{b}}', '.m', ' m', 'm ', '-', '()',
  'x'.repeat(65), '('.repeat(64),
])('%j is none', (code) => expect(isUcumCode(code)).toBe(false)); // prettier-ignore
