/**
 * `GET /docs`: the reference page, drawn in the browser from /openapi.json by Swagger UI.
 *
 * Boundary: the package's own files, three of them, by name; nothing comes from elsewhere and no script stands in the page,
 * so that the Content-Security-Policy holds. Pages are no part of the API and do not stand in its document.
 */
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { createHash } from 'node:crypto';
import type { OpenAPIHono } from '@hono/zod-openapi';

const PAGE = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>Hourglass API</title>
    <link rel="stylesheet" href="docs/swagger-ui.css">
  </head>
  <body>
    <noscript>This page draws /openapi.json with JavaScript; docs/EXAMPLES.md needs none.</noscript>
    <div id="reference"></div>
    <script src="docs/swagger-ui-bundle.js"></script>
    <script src="docs/start.js"></script>
  </body>
</html>
`;
/** No outside validator, and deep links to each call. */
const START = `SwaggerUIBundle({
  url: 'openapi.json',
  dom_id: '#reference',
  deepLinking: true,
  displayRequestDuration: true,
  tryItOutEnabled: true,
  defaultModelsExpandDepth: 0,
  validatorUrl: null,
});
`;
const FILES: Readonly<Record<string, { type: string; read: () => Promise<string> }>> = {
  'swagger-ui.css': { type: 'text/css', read: () => packaged('swagger-ui.css') },
  'swagger-ui-bundle.js': { type: 'text/javascript', read: () => packaged('swagger-ui-bundle.js') },
  'start.js': { type: 'text/javascript', read: () => Promise.resolve(START) },
};
const CACHING = { 'Cache-Control': 'public, no-cache' };

export function addReference(app: OpenAPIHono): void {
  app.get('/docs', (c) => c.html(PAGE, 200, CACHING));
  app.get('/docs/', (c) => c.redirect('/docs', 308));
  for (const [name, { type, read }] of Object.entries(FILES)) {
    let text: Promise<{ body: string; etag: string }> | undefined;
    app.get(`/docs/${name}`, async (c) => {
      text ??= read().then((body) => ({
        body,
        etag: `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`,
      }));
      const { body, etag } = await text;
      const headers = { ...CACHING, ETag: etag };
      // A compressed answer's tag has `W/` before it.
      if (c.req.header('If-None-Match')?.replace(/^W\//, '') === etag) return c.body(null, 304, headers);
      return c.body(body, 200, { ...headers, 'Content-Type': `${type}; charset=utf-8` });
    });
  }
}

function packaged(name: string): Promise<string> {
  return readFile(fileURLToPath(import.meta.resolve(`swagger-ui-dist/${name}`)), 'utf8');
}
