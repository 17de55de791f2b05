// Builds the site as a front-end team would: several pages, hashed assets, source maps, and compressed siblings.
//
// VITE_RELEASE=1..4 makes the releases that the tests publish in turn.

import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { brotliCompressSync, gzipSync } from 'node:zlib';

import { defineConfig } from 'vite';

const here = import.meta.dirname;
const release = process.env.VITE_RELEASE ?? '1';

// What the pages read at run time to see whether there is a newer release.
const releaseFile = {
  name: 'release-file',
  generateBundle() {
    const source = JSON.stringify({ release: Number(release), notes: `release-${release}` });
    this.emitFile({ type: 'asset', fileName: 'data/release.json', source });
    // Only the first release has this page's data; later ones dropped it.
    if (release === '1') {
      this.emitFile({ type: 'asset', fileName: 'data/welcome.json', source: '{"text":"Welcome"}' });
    }
  },
};

// The siblings that a CDN serves to browsers that take them.
const compressedSiblings = {
  name: 'compressed-siblings',
  apply: 'build',
  closeBundle() {
    const walk = (folder) => readdirSync(folder).flatMap((name) => {
      const path = join(folder, name);
      return statSync(path).isDirectory() ? walk(path) : [path];
    });
    const out = this.environment?.config.build.outDir ?? 'dist';
    for (const path of walk(resolve(here, out)).filter((path) => /\.(js|css)$/.test(path))) {
      const content = readFileSync(path);
      writeFileSync(`${path}.gz`, gzipSync(content, { level: 9 }));
      writeFileSync(`${path}.br`, brotliCompressSync(content));
    }
  },
};

export default defineConfig({
  // Relative, so that the site works under any prefix of a bucket.
  base: './',
  plugins: [releaseFile, compressedSiblings],
  build: {
    sourcemap: true,
    // Small images would be put into the scripts that use them, and there would be fewer files.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rollupOptions: {
      input: {
        main: resolve(here, 'index.html'),
        about: resolve(here, 'about.html'),
        missing: resolve(here, '404.html'),
        docs: resolve(here, 'docs/index.html'),
        guide: resolve(here, 'docs/guide/first steps.html'),
      },
    },
  },
});
