import * as tallyman from '/node_modules/tallyman/lib/index.js';
import { scenario } from '/scenario.js';

const asked = new URLSearchParams(location.search);
globalThis.result = scenario(tallyman, asked.get('registry'), asked.get('name')).catch(({ code, message }) => ({ code, message }));
