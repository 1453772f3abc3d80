/** A sheet under a button: opened and closed by it, and closed by Escape, by a click elsewhere and by leaving it. Boundary: a details element. */
import type { ComponentChildren, JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';

export function Menu({
  name,
  isChosen = false,
  children,
}: {
  name: string;
  isChosen?: boolean;
  children: ComponentChildren;
}): JSX.Element {
  const element = useRef<HTMLDetailsElement>(null);
  useEffect(() => {
    const close = (): void => element.current?.removeAttribute('open');
    const onElsewhere = (event: Event): void => {
      if (!element.current?.contains(event.target as Node)) close();
    };
    const onKey = (event: KeyboardEvent): void => {
      if (event.key !== 'Escape' || element.current?.open !== true) return;
      close();
      element.current.querySelector('summary')?.focus();
    };
    addEventListener('pointerdown', onElsewhere);
    addEventListener('focusin', onElsewhere);
    addEventListener('keydown', onKey);
    return () => {
      removeEventListener('pointerdown', onElsewhere);
      removeEventListener('focusin', onElsewhere);
      removeEventListener('keydown', onKey);
    };
  }, []);
  return (
    <details class="menu" ref={element}>
      <summary class={`button quiet${isChosen ? ' chosen' : ''}`}>{name}</summary>
      {children}
    </details>
  );
}
