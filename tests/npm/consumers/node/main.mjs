import * as tallyman from 'tallyman';
import { scenario } from '../../scenario.js';

console.log(JSON.stringify(await scenario(tallyman, process.argv[2], process.argv[3])));
