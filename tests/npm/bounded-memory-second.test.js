import { testMemory } from './bounded-memory.js';

testMemory(1);
