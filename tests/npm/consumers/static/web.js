import * as tallyman from '/node_modules/tallyman/lib/web.js';
import { scenario } from '/scenario.js';

const asked = new URLSearchParams(location.search);
globalThis.result = scenario(tallyman, asked.get('registry'), asked.get('name'));
