/** Asks for a key where the program does not let everybody read. Boundary: a dialog element, which keeps the focus within; the key is ../api/key.ts's. */
import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { enterKey, isKeyAsked, putOffKey } from '../api/key.ts';

export function KeyDialog(): JSX.Element | null {
  return isKeyAsked.value ? <Sheet /> : null;
}

function Sheet(): JSX.Element {
  const element = useRef<HTMLDialogElement>(null);
  const input = useRef<HTMLInputElement>(null);
  const [isBusy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  useEffect(() => element.current?.showModal(), []);
  const enter = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    setBusy(true);
    setProblem(null);
    const wrong = await enterKey(input.current?.value ?? '');
    if (wrong === null) return;
    setBusy(false);
    setProblem(wrong);
    input.current?.select();
  };
  return (
    <dialog
      class="key-dialog"
      ref={element}
      aria-labelledby="key-title"
      aria-describedby="key-words"
      onClose={putOffKey}
    >
      <form onSubmit={(event) => void enter(event)}>
        <h2 id="key-title">This needs a key</h2>
        <p id="key-words">
          This program does not show its figures to everybody. Enter an API key or an access token; who runs the program
          makes one with <code>hourglass key NAME --scopes read</code>.
        </p>
        <label>
          Key
          <input
            type="password"
            ref={input}
            required
            autocomplete="off"
            spellcheck={false}
            aria-invalid={problem === null ? undefined : true}
            aria-describedby={problem === null ? 'key-hint' : 'key-problem key-hint'}
          />
        </label>
        <p class="key-problem" id="key-problem" role="alert">
          {problem}
        </p>
        <p class="hint" id="key-hint">
          Kept in this tab until it is closed, or until you forget it.
        </p>
        <div class="key-buttons">
          <button type="button" class="button" onClick={() => element.current?.close()}>
            Not now
          </button>
          <button type="submit" class="button primary" disabled={isBusy}>
            {isBusy ? 'Checking …' : 'Use this key'}
          </button>
        </div>
      </form>
    </dialog>
  );
}
