import { fileURLToPath } from 'node:url';

// Of the copy in `dist/`: the folder of the packages is above it.
const root = fileURLToPath(new URL('../../../..', import.meta.url));

// Nothing is said about the package. Each bundler has a folder of its own.
export default { distDir: process.env.NEXT_DIST, turbopack: { root }, outputFileTracingRoot: root };
