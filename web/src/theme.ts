/**
 * Light or dark: the system's choice unless the reader made another, which this browser then remembers.
 *
 * Boundary: `data-theme` on the root element, which the styles go by; charts and maps ask {@link theme}.
 */
import { computed, effect, signal } from '@preact/signals';
import type { Theme } from './figures/colour.ts';

export type ThemeChoice = 'system' | Theme;

const KEY = 'hourglass.theme';
const dark = matchMedia('(prefers-color-scheme: dark)');
const systemIsDark = signal(dark.matches);
dark.addEventListener('change', () => (systemIsDark.value = dark.matches));

export const themeChoice = signal<ThemeChoice>(remembered());

export const theme = computed<Theme>(() => {
  if (themeChoice.value !== 'system') return themeChoice.value;
  return systemIsDark.value ? 'dark' : 'light';
});

effect(() => {
  document.documentElement.dataset['theme'] = themeChoice.value;
});

export function chooseTheme(choice: ThemeChoice): void {
  themeChoice.value = choice;
  try {
    localStorage.setItem(KEY, choice);
  } catch {
    // A browser that keeps nothing shows it for now.
  }
}

function remembered(): ThemeChoice {
  try {
    const text = localStorage.getItem(KEY);
    return text === 'light' || text === 'dark' ? text : 'system';
  } catch {
    return 'system';
  }
}
