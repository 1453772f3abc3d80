#!/usr/bin/env node
/** The command `hourglass` (contract, section 6). */
import { lastWords } from './cli/exit-codes.ts';
import { createProgram } from './cli/program.ts';

try {
  const program = await createProgram(process.argv.slice(2));
  await program.parseAsync(process.argv);
} catch (error) {
  const code = lastWords(error);
  process.exit(code);
}
