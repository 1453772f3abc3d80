/**
 * The dashboard's build: web/ to dist/web, hashed files under assets/.
 *
 * Boundary: scripts/build.mjs runs it and compresses what comes out; `npx vite web` serves the sources while one works on
 * them, with the API of a program that runs on its usual port.
 */
import { defineConfig } from 'vite';

const API = 'http://127.0.0.1:8080';

export default defineConfig({
  build: {
    // Files, never data: URLs: the page needs no more rights than its own origin gives.
    assetsInlineLimit: 0,
    // One request for the code, one for the styles: the whole is smaller than a round trip is long.
    cssCodeSplit: false,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    rolldownOptions: { checks: { pluginTimings: false } },
  },
  server: { proxy: { '/v1': API, '/readyz': API } },
});
