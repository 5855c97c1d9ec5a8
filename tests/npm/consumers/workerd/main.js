import * as tallyman from 'tallyman';
import { scenario } from '../../scenario.js';

export default {
  async fetch(request) {
    const { searchParams } = new URL(request.url);
    return Response.json(await scenario(tallyman, searchParams.get('registry'), searchParams.get('name')));
  },
};
