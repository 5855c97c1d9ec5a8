// A GitHub Action that pushes a manifest list, with the credentials of docker/login-action.

import { appendFile } from 'node:fs/promises';
import { Tallyman, dockerCredentials } from 'tallyman';

const input = (name) => process.env[`INPUT_${name.toUpperCase()}`] ?? '';
const lines = (name) => input(name).split('\n').map((line) => line.trim()).filter(Boolean);

async function main() {
  const tm = new Tallyman({ credentials: dockerCredentials() });
  // A list in the place of an image gives its images, with their attestations.
  const list = await tm.create(input('list'), lines('images'), { flatten: true });
  console.log(String(tm.plan(list)));
  const { digest, tags } = await tm.push(list, { tags: lines('tags') });
  console.log(`pushed ${digest} as ${tags.join(', ')}`);
  await appendFile(process.env.GITHUB_OUTPUT, `digest=${digest}\n`);
}

main().catch((error) => {
  console.log(`::error::${error.message}${error.hint ? `; ${error.hint}` : ''}`);
  process.exitCode = 1;
});
