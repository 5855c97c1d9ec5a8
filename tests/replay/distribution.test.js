import { replayAgainst } from './suite.js';

replayAgainst('distribution', 'CNCF Distribution');
