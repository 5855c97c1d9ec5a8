import * as tallyman from 'tallyman';
import { scenario } from '../../scenario.js';

const asked = new URLSearchParams(location.search);
globalThis.result = scenario(tallyman, asked.get('registry'), asked.get('name'));

// The same in a worker of its own.
const worker = new Worker(new URL('./worker.js', import.meta.url), { type: 'module' });
globalThis.worker = new Promise((resolve) => (worker.onmessage = ({ data }) => resolve(data)));
worker.postMessage([asked.get('registry'), `${asked.get('name')}-worker`]);
