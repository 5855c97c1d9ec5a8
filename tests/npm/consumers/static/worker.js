import * as tallyman from '/node_modules/tallyman/lib/index.js';
import { scenario } from '/scenario.js';

addEventListener('message', async ({ data: [registry, name] }) => postMessage(await scenario(tallyman, registry, name)));
