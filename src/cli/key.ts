/** `hourglass key NAME`: a new key of the API, shown once, and the line for the file of keys. */
import { Command, InvalidArgumentError } from 'commander';
import { newKey, readKeyName, readPlace, readScopes } from '../api/doors/api-keys.ts';
import type { Scope } from '../model/scopes.ts';

export function keyCommand(): Command {
  return new Command('key')
    .description('Make a key of the API: it is shown once, its line goes into HOURGLASS_API_KEYS_FILE')
    .argument('<name>', 'who it is for; limits and logs know it by this', said(readKeyName))
    .requiredOption('--scopes <list>', 'of read, ingest, admin', said(readScopes))
    .option('--place <city[/district]>', 'it may publish to this place only', said(readPlace))
    .addHelpText(
      'after',
      `
The line goes to standard output, the key to standard error, so that the line can be added to the file. The program
reads the file again when it changes; delete a line to take its key.

Examples:
  $ hourglass key dashboard --scopes read >> api-keys
  $ hourglass key harbour-gateway --scopes ingest --place lisbon/alfama >> api-keys
  $ HOURGLASS_API_KEYS_FILE=api-keys hourglass up`,
    )
    .action((name: string, { scopes, place }: { scopes: Scope[]; place?: string }) => {
      const { key, line } = newKey(name, scopes, place ?? null);
      console.error(`Key of ${name}, shown only now: ${key}`);
      console.log(line);
    });
}

function said<T>(read: (text: string) => T): (text: string) => T {
  return (text) => {
    try {
      return read(text);
    } catch (error) {
      throw new InvalidArgumentError(error instanceof Error ? error.message : String(error));
    }
  };
}
