import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

// Nothing is said about the package. The folder of the packages is above this one, and each bundler has a folder of its own.
export default { distDir: process.env.NEXT_DIST, turbopack: { root }, outputFileTracingRoot: root };
