import * as tallyman from 'tallyman';
import { scenario } from '../scenario.js';

// A server component.
export default async function Page({ searchParams }) {
  const { registry, name } = await searchParams;
  return <pre>{JSON.stringify(await scenario(tallyman, registry, name))}</pre>;
}
