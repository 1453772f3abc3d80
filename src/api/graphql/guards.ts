/**
 * What a query may cost: its tokens, its depth, the rows that it asks for. All are known before anything is read.
 *
 * Boundary: plugins for the server; the bound on questions is ./context.ts's.
 */
import { maxDepthPlugin } from '@escape.tech/graphql-armor-max-depth';
import type { GraphQLError } from 'graphql';
import { getComplexity, type ComplexityEstimator } from 'graphql-query-complexity';
import { createGraphQLError, type Plugin } from 'graphql-yoga';
import { GRAPHQL_COST_MAX, GRAPHQL_DEPTH_MAX, GRAPHQL_TOKENS_MAX } from '../../model/limits.ts';

/** A list costs its rows, and each row what is asked of it; all else costs what is below it. */
const rowsAsked: ComplexityEstimator = ({ args, childComplexity }) => {
  const { first } = args as { first?: unknown };
  return typeof first === 'number' ? Math.max(0, first) * (1 + childComplexity) : childComplexity;
};

const tokens: Plugin = {
  onParse({ parseFn, setParseFn }) {
    setParseFn((source, options) => parseFn(source, { ...options, maxTokens: GRAPHQL_TOKENS_MAX }));
  },
};

const cost: Plugin = {
  onExecute({ args, setResultAndStopExecution }) {
    const error = costProblem(args);
    if (error !== null) setResultAndStopExecution({ errors: [error] });
  },
  onSubscribe({ args, setResultAndStopExecution }) {
    const error = costProblem(args);
    if (error !== null) setResultAndStopExecution({ errors: [error] });
  },
};

function costProblem(args: {
  schema: Parameters<typeof getComplexity>[0]['schema'];
  document: Parameters<typeof getComplexity>[0]['query'];
  variableValues?: unknown;
  operationName?: string | null | undefined;
}): GraphQLError | null {
  const { schema, document: query, variableValues, operationName } = args;
  const found = getComplexity({
    schema,
    query,
    variables: { ...(variableValues as Record<string, unknown> | undefined) },
    ...(operationName == null ? {} : { operationName }),
    estimators: [rowsAsked],
    maxQueryNodes: GRAPHQL_TOKENS_MAX,
  });
  if (found <= GRAPHQL_COST_MAX) return null;
  return createGraphQLError(
    `The query asks for ${String(found)} rows and may ask for ${String(GRAPHQL_COST_MAX)}: \`first\` of a list times what is asked of each row. Ask for smaller pages.`,
    { extensions: { code: 'BAD_REQUEST', status: 400 } },
  );
}

export const guards: Plugin[] = [tokens, maxDepthPlugin({ n: GRAPHQL_DEPTH_MAX, flattenFragments: true }), cost];
