/**
 * What a person sees: lines, and below them one status line that is rewritten.
 *
 * Boundary: the terminal. Where standard output is no terminal, there is no status line; lines stay lines.
 */
import { MultiBar, type SingleBar } from 'cli-progress';

export interface Terminal {
  line(text: string): void;
  /** Replaces the status line. */
  status(text: string): void;
  /** Leaves the last status line standing. */
  close(): void;
}

export function openTerminal(output: NodeJS.WriteStream = process.stdout): Terminal {
  // Whoever reads our output may stop reading: that is no reason to die.
  output.on('error', () => undefined);
  if (!output.isTTY) {
    return { line: (text) => output.write(`${text}\n`), status: () => undefined, close: () => undefined };
  }
  const bars = new MultiBar({
    format: '{text}',
    stream: output,
    hideCursor: true,
    linewrap: false,
    gracefulExit: false,
  });
  let bar: SingleBar | null = null;
  return {
    line: (text) => {
      if (bar === null) {
        output.write(`${text}\n`);
        return;
      }
      bars.log(`${text}\n`);
      bars.update();
    },
    status: (text) => {
      bar ??= bars.create(1, 0, { text });
      bar.update(0, { text });
    },
    close: () => bars.stop(),
  };
}
