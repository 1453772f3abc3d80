import { afterEach, expect, it, vi } from 'vitest';
import { ConfigError, EnvironmentError } from '../model/errors.ts';
import { lastWords } from './exit-codes.ts';

const said = vi.spyOn(console, 'error').mockImplementation(() => undefined);
afterEach(() => said.mockClear());

it('an error of the user or the environment is one line with what to do, a bug has its stack', () => {
  expect(lastWords(new ConfigError('HOURGLASS_WORKERS=x: not a number', 'Give a number.'))).toBe(2);
  expect(said.mock.calls).toEqual([['hourglass: HOURGLASS_WORKERS=x: not a number. Give a number.']]);
  expect(lastWords(new EnvironmentError('port 8080 is in use', 'Set HOURGLASS_HTTP_PORT.'))).toBe(3);
  const bug = new TypeError('x is undefined');
  expect(lastWords(bug)).toBe(70);
  expect(said).toHaveBeenLastCalledWith(bug);
});
