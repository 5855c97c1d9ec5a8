import { replayAgainst } from './w6old.js'; replayAgainst('distribution', 'x');
