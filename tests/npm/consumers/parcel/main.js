import * as tallyman from 'tallyman';
import { scenario } from './scenario.js';

const asked = new URLSearchParams(location.search);
globalThis.result = scenario(tallyman, asked.get('registry'), asked.get('name'));
