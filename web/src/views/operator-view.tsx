/**
 * For those who run it: is it ready, do the books balance, who works, who owns which partition and how far it is.
 *
 * Boundary: readiness, ledger, pool and partitions of the API, asked again every few seconds; `PUT /v1/admin/pool` scales.
 */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { ApiError } from '../api/http.ts';
import {
  type Ledger,
  type Partition,
  type Pool,
  type Readiness,
  readLedger,
  readPartitions,
  readPool,
  readReadiness,
  scalePool,
} from '../api/hourglass.ts';
import { type Resource, useResource } from '../api/use-resource.ts';
import { CheckIcon, CrossIcon } from '../components/icons.tsx';
import { Failure, Pending, StaleNotice } from '../components/states.tsx';
import { age, count } from '../figures/format.ts';
import { now } from '../time.ts';

const REFRESH_MS = 3_000;
/** The ledger counts the tables: less often. */
const LEDGER_MS = 10_000;

export function OperatorView(): JSX.Element {
  const ready = useResource('ready', readReadiness, REFRESH_MS);
  const pool = useResource('pool', readPool, REFRESH_MS);
  const partitions = useResource('partitions', readPartitions, REFRESH_MS);
  const ledger = useResource('ledger', readLedger, LEDGER_MS);
  return (
    <div class="page operator">
      <div class="page-head">
        <h1>Operator</h1>
      </div>
      <div class="operator-grid">
        <Block title="Readiness" of={ready} show={(value) => <Checks readiness={value} />} />
        <Block title="Workers" of={pool} show={(value) => <Workers pool={value} onScaled={pool.retry} />} />
        <Block title="Ledger" of={ledger} show={(value) => <Books ledger={value} />} />
      </div>
      <Block title="Partitions" of={partitions} show={(value) => <Partitions all={value} />} />
    </div>
  );
}

function Block<Value>({
  title,
  of,
  show,
}: {
  title: string;
  of: Resource<Value>;
  show: (value: Value) => JSX.Element;
}): JSX.Element {
  const id = `${title.toLowerCase()}-title`;
  return (
    <section class="block" aria-labelledby={id}>
      <h2 id={id}>
        {title}
        {of.atMs > 0 ? <small>{age(now.value - of.atMs)} ago</small> : null}
      </h2>
      {of.value !== null && of.error !== null ? <StaleNotice error={of.error} retry={of.retry} /> : null}
      {of.value !== null ? (
        show(of.value)
      ) : of.error === null ? (
        <Pending what="Asking" />
      ) : (
        <Failure error={of.error} retry={of.retry} isPage={false} />
      )}
    </section>
  );
}

function Checks({ readiness }: { readiness: Readiness }): JSX.Element {
  return (
    <>
      <p class={`verdict ${readiness.status === 'ready' ? 'good' : 'bad'}`}>
        {readiness.status === 'ready' ? <CheckIcon /> : <CrossIcon />}
        {readiness.status === 'ready' ? 'Ready' : 'Not ready'}
      </p>
      <ul class="checks">
        {Object.entries(readiness.checks).map(([name, { ok, detail }]) => (
          <li key={name} class={ok ? 'good' : 'bad'}>
            {ok ? <CheckIcon /> : <CrossIcon />}
            <span>
              {name}
              {ok ? <span class="visually-hidden"> is well</span> : `: ${detail ?? 'not well'}`}
            </span>
          </li>
        ))}
      </ul>
    </>
  );
}

function Workers({ pool, onScaled }: { pool: Pool; onScaled: () => void }): JSX.Element {
  return (
    <>
      <p class="verdict">
        {count(pool.workers)} <span>worker thread{pool.workers === 1 ? '' : 's'}</span>
      </p>
      <ul class="nodes">
        {pool.nodes.map(({ node, workers }) => (
          <li key={node}>
            <Scale node={node} workers={workers} onScaled={onScaled} />
          </li>
        ))}
      </ul>
    </>
  );
}

/** The API's own bound. */
const WORKERS_MAX = 256;

function Scale({ node, workers, onScaled }: { node: string; workers: number; onScaled: () => void }): JSX.Element {
  const [wanted, setWanted] = useState<number | null>(null);
  const [state, setState] = useState<'idle' | 'busy' | 'done'>('idle');
  const [problem, setProblem] = useState<string | null>(null);
  const shown = wanted ?? workers;
  const change = (to: number): void => {
    setWanted(Math.min(WORKERS_MAX, Math.max(1, Math.round(to) || 1)));
    setState('idle');
  };
  const apply = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    setState('busy');
    setProblem(null);
    try {
      await scalePool(shown, node, new AbortController().signal);
      setState('done');
      setWanted(null);
      onScaled();
    } catch (error) {
      setState('idle');
      setProblem(error instanceof ApiError ? error.message : 'The answer could not be read.');
    }
  };
  return (
    <form class="scale" onSubmit={(event) => void apply(event)}>
      <span class="node-name">{node}</span>
      <div class="stepper">
        <button
          type="button"
          class="button"
          onClick={() => change(shown - 1)}
          disabled={shown <= 1}
          aria-label={`One thread less on ${node}`}
        >
          −
        </button>
        <input
          type="number"
          min={1}
          max={WORKERS_MAX}
          value={shown}
          aria-label={`Worker threads of ${node}`}
          onInput={(event) => change(event.currentTarget.valueAsNumber)}
        />
        <button
          type="button"
          class="button"
          onClick={() => change(shown + 1)}
          aria-label={`One thread more on ${node}`}
        >
          +
        </button>
        <button type="submit" class="button primary" disabled={shown === workers || state === 'busy'}>
          {state === 'busy' ? 'Scaling …' : 'Scale'}
        </button>
      </div>
      <p class="scale-note" role="status">
        {problem ?? (state === 'done' ? 'Done. Partitions move within a second or two.' : '')}
      </p>
    </form>
  );
}

function Books({ ledger }: { ledger: Ledger }): JSX.Element {
  const sum = (pick: (row: Ledger['data'][number]) => number): number =>
    ledger.data.reduce((all, row) => all + pick(row), 0);
  const problems = ledger.data.flatMap(({ partition, problems: found }) => found.map((text) => ({ partition, text })));
  return (
    <>
      <p class={`verdict ${ledger.balanced ? 'good' : 'bad'}`}>
        {ledger.balanced ? <CheckIcon /> : <CrossIcon />}
        {ledger.balanced ? 'The books balance' : 'The books do not balance'}
      </p>
      <table class="books">
        <caption class="visually-hidden">What became of every message and every reading</caption>
        <tbody>
          <Line name="Messages taken" value={sum((row) => row.messages.taken)} isSum />
          <Line name="used" value={sum((row) => row.messages.used)} />
          <Line name="duplicate" value={sum((row) => row.messages.duplicate)} />
          <Line name="rejected whole" value={sum((row) => row.messages.rejected)} />
          <Line name="Readings counted" value={sum((row) => row.readings.counted)} isSum />
          <Line name="in rows" value={sum((row) => row.readings.sealed)} />
          <Line name="in open hours" value={sum((row) => row.readings.open)} />
        </tbody>
      </table>
      <p class="hint">
        {count(sum((row) => row.readings.late))} readings came late and corrected their hours;{' '}
        {count(sum((row) => row.readings.rejected))} could not be used and are kept with the reason.
      </p>
      {problems.length === 0 ? null : (
        <ul class="problems">
          {problems.map(({ partition, text }) => (
            <li key={`${String(partition)} ${text}`}>
              Partition {String(partition)}: {text}
            </li>
          ))}
        </ul>
      )}
    </>
  );
}

function Line({ name, value, isSum = false }: { name: string; value: number; isSum?: boolean }): JSX.Element {
  return (
    <tr class={isSum ? 'sum' : ''}>
      <th scope="row">{name}</th>
      <td class="number">{count(value)}</td>
    </tr>
  );
}

function Partitions({ all }: { all: readonly Partition[] }): JSX.Element {
  const owners = [...new Set(all.flatMap(({ owner }) => owner ?? []))].sort();
  const backlog = all.reduce((most, one) => Math.max(most, one.backlog ?? 0), 0);
  const outbox = all.reduce((sum, one) => sum + (one.outbox_blocks ?? 0), 0);
  const oldest = Math.min(...all.map(({ watermark }) => (watermark === null ? Infinity : Date.parse(watermark))));
  return (
    <>
      <dl class="facts">
        <div>
          <dt>Owned</dt>
          <dd>
            {String(all.filter(({ owner }) => owner !== null).length)} of {String(all.length)}
          </dd>
        </div>
        <div>
          <dt>Longest backlog, messages</dt>
          <dd>{count(backlog)}</dd>
        </div>
        <div>
          <dt>Oldest watermark</dt>
          <dd>{Number.isFinite(oldest) ? age(now.value - oldest) : '–'}</dd>
        </div>
        <div>
          <dt>Blocks that wait for the database</dt>
          <dd>{count(outbox)}</dd>
        </div>
      </dl>
      <div class="partition-cells" aria-hidden="true">
        {all.map(({ partition, owner, backlog: waiting }) => (
          <span
            key={partition}
            class={owner === null ? 'none' : (waiting ?? 0) > 0 ? 'behind' : ''}
            data-owner={owner === null ? undefined : owners.indexOf(owner) % OWNER_COLOURS}
            title={`Partition ${String(partition)}: ${owner ?? 'nobody'}`}
          >
            {String(partition)}
          </span>
        ))}
      </div>
      <ul class="owners" aria-label="Owners">
        {owners.map((owner, at) => (
          <li key={owner}>
            <i class="swatch" data-owner={at % OWNER_COLOURS} />
            {owner}
            <b>{String(all.filter((one) => one.owner === owner).length)}</b>
          </li>
        ))}
      </ul>
      <details>
        <summary>The partitions as a table</summary>
        <div class="table-scroll" tabIndex={0} role="region" aria-label="Partitions, all figures">
          <table>
            <thead>
              <tr>
                <th scope="col" class="number">
                  Partition
                </th>
                <th scope="col">Owner</th>
                <th scope="col" class="number">
                  Epoch
                </th>
                <th scope="col" class="number">
                  Backlog
                </th>
                <th scope="col" class="number">
                  Watermark age
                </th>
                <th scope="col" class="number">
                  Checkpoint age
                </th>
                <th scope="col" class="number">
                  Outbox blocks
                </th>
                <th scope="col" class="number">
                  Series
                </th>
                <th scope="col" class="number">
                  Open readings
                </th>
              </tr>
            </thead>
            <tbody>
              {all.map((one) => (
                <tr key={one.partition} class={one.owner === null ? 'bad' : ''}>
                  <th scope="row" class="number">
                    {String(one.partition)}
                  </th>
                  <td>{one.owner ?? 'nobody'}</td>
                  <Cell value={one.epoch} />
                  <Cell value={one.backlog} />
                  <td class="number">{one.watermark === null ? '–' : age(now.value - Date.parse(one.watermark))}</td>
                  <td class="number">
                    {one.last_checkpoint === null ? '–' : age(now.value - Date.parse(one.last_checkpoint))}
                  </td>
                  <Cell value={one.outbox_blocks} />
                  <Cell value={one.series} />
                  <Cell value={one.open_readings} />
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      </details>
    </>
  );
}

/** Colours for owners; more owners share them, and the table has their names. */
const OWNER_COLOURS = 8;

function Cell({ value }: { value: number | null }): JSX.Element {
  return <td class="number">{value === null ? '–' : count(value)}</td>;
}
