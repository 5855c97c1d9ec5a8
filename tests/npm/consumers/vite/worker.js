import * as tallyman from 'tallyman';
import { scenario } from '../../scenario.js';

addEventListener('message', async ({ data: [registry, name] }) => postMessage(await scenario(tallyman, registry, name)));
