/**
 * Subjects of the stream, `readings.<partition>.<city>.<district>.<kind>.<source>`, to tokens.
 *
 * Boundary: text to values. Invariant 13: remembers a bounded number of subjects, since sources repeat.
 */
import { SUBJECTS_CACHED_MAX, PARTITIONS_MAX } from '../../model/limits.ts';
import { isSubjectToken } from '../../model/names.ts';
import type { RejectedMessage, SubjectTokens } from '../../model/reading.ts';
import { GenerationCache } from './generation-cache.ts';

export type ParsedSubject =
  | { readonly ok: true; readonly partition: number; readonly tokens: SubjectTokens }
  | {
      readonly ok: false;
      readonly reject: RejectedMessage;
      /** The tokens as they are, for the subject of the reject; null where there are not four. */
      readonly tokens: SubjectTokens | null;
    };

const PARTITION = /^(0|[1-9][0-9]{0,3})$/;

export class SubjectParser {
  readonly #known: GenerationCache<ParsedSubject>;

  constructor(entriesMax: number = SUBJECTS_CACHED_MAX) {
    this.#known = new GenerationCache({ entriesMax });
  }

  /** The same subject gives the same object while it is remembered. */
  parse(subject: string): ParsedSubject {
    let parsed = this.#known.get(subject);
    if (parsed === undefined) {
      parsed = parseSubject(subject);
      this.#known.set(subject, parsed);
    }
    return parsed;
  }
}

export function parseSubject(subject: string): ParsedSubject {
  const [root, partition = '', city, district, kind, source, ...more] = subject.split('.');
  if (
    root !== 'readings' ||
    city === undefined ||
    district === undefined ||
    kind === undefined ||
    source === undefined ||
    more.length > 0 ||
    !PARTITION.test(partition) ||
    Number(partition) >= PARTITIONS_MAX
  ) {
    const detail = 'the subject is not readings.<partition>.<city>.<district>.<kind>.<source>';
    return { ok: false, reject: { reason: 'bad-name', detail }, tokens: null };
  }
  const tokens: SubjectTokens = { city, district, kind, source };
  for (const [name, token] of Object.entries(tokens)) {
    if (isSubjectToken(token)) continue;
    const detail = `the subject's ${name} is not 1-64 characters of A-Z a-z 0-9 _ -`;
    return { ok: false, reject: { reason: 'bad-name', detail }, tokens };
  }
  return { ok: true, partition: Number(partition), tokens };
}
