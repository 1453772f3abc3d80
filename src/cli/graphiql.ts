/**
 * GraphiQL, in development only: its nine megabytes are a package of the workshop, not of what runs in production.
 *
 * Boundary: the one place that knows `NODE_ENV` and where the page comes from. The page holds all that it loads.
 */

/** Null in production, and where the package is not installed. */
export function graphiqlRenderer(
  env: Readonly<Record<string, string | undefined>>,
): ((options: object) => Promise<string>) | null {
  if (env['NODE_ENV'] === 'production') return null;
  try {
    import.meta.resolve('@graphql-yoga/render-graphiql');
  } catch {
    return null;
  }
  return async (options) => {
    const { renderGraphiQL } = await import('@graphql-yoga/render-graphiql');
    return renderGraphiQL(options);
  };
}
