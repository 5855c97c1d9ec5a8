import * as tallyman from 'tallyman';
import { scenario } from '../../scenario.js';

declare const Deno: { args: string[] };
const [registry, name] = Deno.args;
console.log(JSON.stringify(await scenario(tallyman, registry, name)));
