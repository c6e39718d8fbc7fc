import { defineConfig } from 'vite';

/**
 * Builds the chat page into `dist`: one HTML file, hashed assets, nothing inline.
 *
 * `vite build --mode preview --outDir <folder>` builds the development preview, which runs on an
 * in-memory server, instead.
 */
export default defineConfig(({ mode }) => ({
  // Relative addresses: the page works under any path prefix.
  base: './',
  publicDir: false,
  build: {
    target: ['chrome123', 'firefox121', 'safari17.5'],
    emptyOutDir: true,
    // Nothing as a data: address, so that the page's policy stays as strict as it is.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rolldownOptions: { input: mode === 'preview' ? 'preview.html' : 'index.html' },
  },
}));
