/**
 * The reader's key: an API key or an access token, where the program does not let everybody read.
 *
 * Boundary: {@link fetchWithKey} is the only way to the API, so that no question goes without the key; the dialog is
 * ../components/key-dialog.tsx.
 * The key lives as long as the tab, in sessionStorage, and is sent as a header alone: it is in no URL, in no history and in
 * no log. One that the program does not know any more is forgotten at once, since every further try would count as a guess.
 */
import { computed, signal } from '@preact/signals';

const ITEM = 'hourglass.key';
const HEADER = 'X-API-Key';
/** What a header may carry; keys and tokens consist of less. */
const SENDABLE = /^[\x21-\x7e]+$/;
/** Any answer but a refusal means that the key is known. */
const PROBE = '/v1/cities?limit=1';
const PROBE_MS_MAX = 20_000;

const key = signal<string | null>(remembered());
const isAsked = signal(false);
const isPutOff = signal(false);

/** Changes with the key: what was read with another is not for this reader. */
export const keyTurn = signal(0);
export const hasKey = computed(() => key.value !== null);
/** The dialog is to be open: a question was refused for want of a key, or the reader wants to enter one. */
export const isKeyAsked = computed(() => isAsked.value);

export async function fetchWithKey(path: string | URL, init: RequestInit = {}): Promise<Response> {
  const sent = key.value;
  const headers = new Headers(init.headers);
  if (sent !== null) headers.set(HEADER, sent);
  const response = await fetch(path, { ...init, headers });
  // An answer to a question that was sent with an earlier key says nothing of this one.
  if (response.status === 401 && sent === key.value) {
    if (sent !== null) change(null);
    if (!isPutOff.value) isAsked.value = true;
  }
  return response;
}

/** Takes a key where the program knows it. @returns what is wrong with it, in words for readers; null: nothing. */
export async function enterKey(text: string): Promise<string | null> {
  const entered = text.trim();
  if (!SENDABLE.test(entered)) return 'A key has letters, digits and punctuation, and no spaces.';
  let response: Response;
  try {
    response = await fetch(PROBE, { headers: { [HEADER]: entered }, signal: AbortSignal.timeout(PROBE_MS_MAX) });
  } catch {
    return 'The program cannot be reached; try again.';
  }
  if (response.status === 401) return 'The program does not know this key.';
  if (response.status === 429) return 'Too many wrong keys came from here; try again in some seconds.';
  if (response.status >= 500) return 'The program cannot check the key now; try again.';
  isAsked.value = false;
  isPutOff.value = false;
  change(entered);
  return null;
}

export function forgetKey(): void {
  change(null);
}

export function askForKey(): void {
  isAsked.value = true;
}

/** Not now: the dialog comes back when the reader wants it, and not with the next refusal. */
export function putOffKey(): void {
  isAsked.value = false;
  isPutOff.value = true;
}

function change(to: string | null): void {
  key.value = to;
  keyTurn.value++;
  try {
    if (to === null) sessionStorage.removeItem(ITEM);
    else sessionStorage.setItem(ITEM, to);
  } catch {
    // A browser that keeps nothing has it until the page is left.
  }
}

function remembered(): string | null {
  try {
    return sessionStorage.getItem(ITEM);
  } catch {
    return null;
  }
}
