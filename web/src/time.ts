/** The wall clock as a signal, once a second. Boundary: the one timer for everything on the screen that shows time passing. */
import { signal } from '@preact/signals';

const TICK_MS = 1_000;

/** ms since 1970. */
export const now = signal(Date.now());

setInterval(() => {
  now.value = Date.now();
}, TICK_MS);
