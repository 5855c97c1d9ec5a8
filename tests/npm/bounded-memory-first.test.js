import { testMemory } from './bounded-memory.js';

testMemory(0);
