import * as tallyman from 'tallyman';
import { scenario } from '../../scenario.js';

export async function GET(request) {
  const { searchParams } = new URL(request.url);
  return Response.json(await scenario(tallyman, searchParams.get('registry'), searchParams.get('name')));
}
