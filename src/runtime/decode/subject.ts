/**
 * Subjects of the stream, `readings.<partition>.<city>.<district>.<kind>.<source>`, to tokens.
 *
 * Boundary: text to values; delivery/subject-table.ts remembers them.
 */
import { PARTITIONS_MAX } from '../../model/limits.ts';
import { isSubjectToken } from '../../model/names.ts';
import type { RejectedMessage, SubjectTokens } from '../../model/reading.ts';

/** Where a message belongs, as its subject says it; what the subject is not, `tokens` or `reject` says. */
export type ParsedSubject = {
  /** The subject itself. */
  readonly text: string;
  /** NaN where it is no number. */
  readonly partition: number;
  /** As the source published it, `<city>.<district>.<kind>.<source>`. */
  readonly published: string;
} & (
  | { readonly ok: true; readonly tokens: SubjectTokens }
  | {
      readonly ok: false;
      readonly reject: RejectedMessage;
      /** The tokens as they are, for the subject of the reject; null where there are not four. */
      readonly tokens: SubjectTokens | null;
    }
);

const PARTITION = /^(0|[1-9][0-9]{0,3})$/;

export function parseSubject(subject: string): ParsedSubject {
  const [root, partition = '', city, district, kind, source, ...more] = subject.split('.');
  const place = {
    text: subject,
    partition: Number(partition || NaN),
    published: subject.split('.').slice(2).join('.'),
  };
  if (
    root !== 'readings' ||
    city === undefined ||
    district === undefined ||
    kind === undefined ||
    source === undefined ||
    more.length > 0 ||
    !PARTITION.test(partition) ||
    place.partition >= PARTITIONS_MAX
  ) {
    const detail = 'the subject is not readings.<partition>.<city>.<district>.<kind>.<source>';
    return { ...place, ok: false, reject: { reason: 'bad-name', detail }, tokens: null };
  }
  const tokens: SubjectTokens = { city, district, kind, source };
  for (const [name, token] of Object.entries(tokens)) {
    if (isSubjectToken(token)) continue;
    const detail = `the subject's ${name} is not 1-64 characters of A-Z a-z 0-9 _ -`;
    return { ...place, ok: false, reject: { reason: 'bad-name', detail }, tokens };
  }
  return { ...place, ok: true, tokens };
}
