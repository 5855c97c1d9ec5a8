import { replayAgainst } from './suite.js';

replayAgainst('memory', 'the in-memory registry');
