/**
 * What an actor has found out about subjects, so that no message has to look it up again.
 *
 * Job: channels and sources of a subject, kept beside its tokens: these are the same object for as long as the subject is remembered.
 * Boundary: pure memory; whoever makes the series anew forgets these. Invariant 13: bounded by whoever remembers the subjects.
 */
import type { SubjectMemo, SubjectTokens } from '../model/reading.ts';
import type { SeriesIndex } from './series-index.ts';

/** Metrics of one subject that are looked for one by one. */
const METRICS_KNOWN_MAX = 16;

interface KnownSubject extends SubjectMemo {
  /** Numbers in the series index; most often of one of a few metrics. */
  readonly channels: { readonly metric: string; readonly id: number }[];
  /** Key of its source: a text that is made and hashed once. */
  source: string | undefined;
}

export class KnownSubjects {
  /** Owns what it has written; another's means nothing. */
  #owner = {};

  /** `<city>.<district>.<source>` */
  sourceOf(tokens: SubjectTokens): string {
    return (this.#of(tokens).source ??= `${tokens.city}.${tokens.district}.${tokens.source}`);
  }

  /** The subject's channel with this metric in the index. */
  channelOf(tokens: SubjectTokens, metric: string, series: SeriesIndex): number {
    const { channels } = this.#of(tokens);
    for (const channel of channels) if (channel.metric === metric) return channel.id;
    const id = series.channelId(tokens, metric);
    if (channels.length < METRICS_KNOWN_MAX) channels.push({ metric, id });
    return id;
  }

  forgetAll(): void {
    this.#owner = {};
  }

  #of(tokens: SubjectTokens): KnownSubject {
    const { memo } = tokens;
    if (memo?.owner === this.#owner) return memo as KnownSubject;
    const known: KnownSubject = { owner: this.#owner, channels: [], source: undefined };
    tokens.memo = known;
    return known;
  }
}
