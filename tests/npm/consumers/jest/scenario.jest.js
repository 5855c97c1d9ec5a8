import * as tallyman from 'tallyman';
import { scenario } from '../../scenario.js';

test('the scenario', async () => {
  const { REGISTRY, NAME } = process.env;
  expect(await scenario(tallyman, REGISTRY, NAME)).toEqual(JSON.parse(process.env.EXPECTED));
});
