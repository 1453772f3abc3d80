/**
 * Units as UCUM codes (ucum.org, case sensitive), checked by their grammar: `Cel`, `ug/m3`, `dB[SPL]`, `{vehicles}/h`.
 *
 * Boundary: syntax only. Whether an atom exists is not looked up (`foo/h` passes), nothing is converted: the table of atoms
 * is half a megabyte in the libraries that are small and several in the one of reference. What people get wrong most is refused
 * all the same: `°C`, `µg/m³`, `km per h`, `kg*m`, `m^2`.
 *
 *     term       = ["/"] component *(("." | "/") component)
 *     component  = "(" term ")" | [simple [exponent]] [annotation] | number [annotation]
 *     simple     = letters, `%`, `'`, `"`, `*` after a number, `_`, and [anything] in square brackets
 */
import { UNIT_CHARS_MAX } from './limits.ts';

/** A symbol, with or without an exponent; a number (`10*` and `10^` with an exponent are symbols of UCUM); an annotation. */
const SYMBOL = /^(?:10[*^]|(?:[A-Za-z%_'"]|\[[!-Z\\^-~]+\])+)(?:[+-]?\d+)?/;
const NUMBER = /^\d+/;
const ANNOTATION = /^\{[!-z|~]*\}/;

/** True where the text is a UCUM code by its grammar; `1` is the unit of what has none. */
export function isUcumCode(text: string): boolean {
  if (text.length === 0 || text.length > UNIT_CHARS_MAX) return false;
  return term(text.startsWith('/') ? text.slice(1) : text) === '';
}

/** What follows the longest term at the beginning; null where there is none. A unit is short, so the recursion ends soon. */
function term(text: string): string | null {
  let rest = component(text);
  while (rest !== null && (rest.startsWith('.') || rest.startsWith('/'))) rest = component(rest.slice(1));
  return rest;
}

function component(text: string): string | null {
  if (text.startsWith('(')) {
    const inner = text.slice(text.startsWith('(/') ? 2 : 1);
    const rest = term(inner);
    return rest?.startsWith(')') === true ? rest.slice(1) : null;
  }
  const unit = SYMBOL.exec(text)?.[0] ?? NUMBER.exec(text)?.[0] ?? '';
  const after = text.slice(unit.length);
  const annotation = ANNOTATION.exec(after)?.[0] ?? '';
  return unit === '' && annotation === '' ? null : after.slice(annotation.length);
}
