#!/usr/bin/env node
import module from 'node:module';

// Node 22 and later keep what they compiled.
module.enableCompileCache?.();
const { main } = await import('../node/main.js');
await main(process.argv.slice(2));
