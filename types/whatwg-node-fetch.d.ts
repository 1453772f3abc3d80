/**
 * Types of `@whatwg-node/fetch` (below graphql-yoga) over Node's own globals.
 *
 * Boundary: tsconfig.json puts this in the place of the package's own declaration, which draws the browser's library
 * (`lib.dom`) into every file of the program. Types only; at run time it is the package.
 */
export declare const Response: typeof globalThis.Response;

export declare const createFetch: (options?: { useNodeFetch?: boolean; skipPonyfill?: boolean }) => {
  fetch: typeof globalThis.fetch;
  Request: typeof globalThis.Request;
  Response: typeof globalThis.Response;
  Headers: typeof globalThis.Headers;
  FormData: typeof globalThis.FormData;
  ReadableStream: typeof globalThis.ReadableStream;
  TextEncoder: typeof globalThis.TextEncoder;
  TextDecoder: typeof globalThis.TextDecoder;
  URL: typeof globalThis.URL;
  URLSearchParams: typeof globalThis.URLSearchParams;
};
