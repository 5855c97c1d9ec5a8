// Runs tests as `node --test` does, but in the order in which their files are given: a long one at the end would keep one processor
// busy and no other. `node tests/run-tests.js AT_ONCE REPORT FILE…` writes the report as TAP.

import { createWriteStream } from 'node:fs';
import { resolve } from 'node:path';
import { run } from 'node:test';
import { spec as Spec, tap } from 'node:test/reporters';

const [atOnce, report, ...files] = process.argv.slice(2);
const tests = run({ files: files.map((file) => resolve(file)), concurrency: Number(atOnce) });
tests.on('test:fail', () => (process.exitCode = 1));
tests.compose(new Spec()).pipe(process.stderr);
tests.compose(tap).pipe(createWriteStream(report));
