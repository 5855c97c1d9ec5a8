import * as tallyman from 'tallyman';
import { scenario } from '../../scenario.js';

export const render = (registry, name) => scenario(tallyman, registry, name);
