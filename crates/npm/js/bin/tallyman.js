#!/usr/bin/env node
import { run } from '../node/engine.js';
import { createHost } from '../node/host.js';

const host = createHost();
process.exitCode = await run(process.argv.slice(2), host);
host.close();
