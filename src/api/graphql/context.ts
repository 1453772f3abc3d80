/**
 * What one request has: the ports, its count of questions, and its batches.
 *
 * Job: fields of many parents with the same arguments become one question (no N+1); a request that would lead to more
 * questions than GRAPHQL_QUESTIONS_MAX is refused. Boundary: who asks what is the resolvers' affair.
 */
import DataLoader from 'dataloader';
import { GRAPHQL_BATCH_PARENTS_MAX, GRAPHQL_QUESTIONS_MAX } from '../../model/limits.ts';
import { Problem } from '../problem.ts';
import type { RollupDeps } from '../rollup-readers.ts';

export interface RequestContext {
  readonly deps: RollupDeps;
  readonly questions: Questions;
  /** What the cluster said before anything was read. */
  readonly before: { readonly watermarkMs: number; readonly openHour: number };
  /** Whom the request comes from; empty where it is not known. */
  readonly address: string;
}

export class Questions {
  readonly #batches = new Map<string, DataLoader<unknown, unknown, string>>();
  #asked = 0;

  /** @throws {Problem} 400 at the bound. */
  async ask<Answer>(question: () => Promise<Answer>): Promise<Answer> {
    this.#asked++;
    if (this.#asked > GRAPHQL_QUESTIONS_MAX) {
      throw new Problem(
        400,
        `The query asks more than ${String(GRAPHQL_QUESTIONS_MAX)} questions: a field counts once for all its parents, and again for each other set of arguments.`,
      );
    }
    return await question();
  }

  /**
   * @param field with its arguments: parents of one field are asked about together.
   * @param read answers in the order of the parents.
   */
  batch<Parent, Answer>(
    field: string,
    args: unknown,
    parent: Parent,
    idOf: (parent: Parent) => string,
    read: (parents: readonly Parent[]) => Promise<Answer[]>,
  ): Promise<Answer> {
    const name = `${field} ${JSON.stringify(args)}`;
    const known = this.#batches.get(name) as DataLoader<Parent, Answer, string> | undefined;
    const loader =
      known ??
      new DataLoader<Parent, Answer, string>((parents) => this.ask(() => read(parents)), {
        cacheKeyFn: idOf,
        maxBatchSize: GRAPHQL_BATCH_PARENTS_MAX,
      });
    this.#batches.set(name, loader);
    return loader.load(parent);
  }
}

/** What many fields need and none may: asked when the first of them does. */
export function once<Answer>(ask: () => Promise<Answer>): () => Promise<Answer> {
  let asked: Promise<Answer> | undefined;
  return () => (asked ??= ask());
}

/** The rows of each parent, in the order of the parents. */
export function byParent<Parent, Row>(
  parents: readonly Parent[],
  idOf: (parent: Parent) => string,
  rows: readonly Row[],
  parentIdOf: (row: Row) => string,
): Row[][] {
  const groups = new Map<string, Row[]>();
  for (const row of rows) {
    const id = parentIdOf(row);
    const group = groups.get(id);
    if (group === undefined) groups.set(id, [row]);
    else group.push(row);
  }
  return parents.map((parent) => groups.get(idOf(parent)) ?? []);
}
