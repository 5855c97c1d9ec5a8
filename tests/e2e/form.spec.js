// The form of a list beyond Docker's: chosen, undone, shared, pushed.

import { build, push, takenOver } from './building.js';
import { putImage, readList } from './images.js';
import { expect, expectAccessibleThroughout, test } from './test.js';

test.use({ kind: 'distribution' });

const digestOf = (page) => page.getByTestId('list-digest').getAttribute('data-digest');

/** A list of one image. */
async function aList(page, open, server, story) {
  await putImage(server, `${story}/app`, 'amd64', { os: 'linux', architecture: 'amd64' });
  const list = `${server.host}/${story}/app:1`;
  await build(page, open, list, [`${server.host}/${story}/app:amd64`]);
  return list;
}

/** The list is kept before the page shows it so. */
async function chooseIndex(page) {
  await page.getByTestId('form-oci').click();
  await expect(page.getByTestId('form-oci')).toBeChecked();
}

async function annotate(page, text) {
  await page.getByTestId('form-annotations').fill(text);
  await page.getByTestId('form-annotations').blur();
}

test('an OCI index with annotations is chosen, undone and done again, kept over a reload, and pushed as it is shown', async ({ page, open, server }) => {
  const list = await aList(page, open, server, 'form');
  const plain = await digestOf(page);
  await chooseIndex(page);
  await annotate(page, 'nonsense');
  await expect(page.getByTestId('form').getByRole('alert')).toContainText('found nonsense');
  await expectAccessibleThroughout(page);
  await annotate(page, 'org.opencontainers.image.title=app\norg.opencontainers.image.version=1');
  await expect(page.getByTestId('list-digest')).not.toHaveAttribute('data-digest', plain);
  const formed = await digestOf(page);
  await expect(page.getByTestId('list-media-type')).toHaveText('application/vnd.oci.image.index.v1+json');
  await expect(page.getByTestId('command-lines')).toContainText(
    "--oci --annotation 'org.opencontainers.image.title=app' --annotation 'org.opencontainers.image.version=1'",
  );

  await page.getByTestId('form-oci').click();
  await expect(page.getByTestId('form-annotations')).toHaveCount(0);
  await expect(page.getByTestId('list-digest')).toHaveAttribute('data-digest', plain);
  await page.getByTestId('undo').click();
  await expect(page.getByTestId('list-digest')).toHaveAttribute('data-digest', formed);
  await expect(page.getByTestId('form-annotations')).toHaveValue('org.opencontainers.image.title=app\norg.opencontainers.image.version=1\n');
  // The last image takes the form with it, and brings it back.
  await page.getByTestId('entry').getByTestId('remove').click();
  await expect(page.getByTestId('form')).toHaveCount(0);
  await page.getByTestId('undo').click();
  await expect(page.getByTestId('list-digest')).toHaveAttribute('data-digest', formed);
  await page.reload();
  await expect(page.getByTestId('list-digest')).toHaveAttribute('data-digest', formed);
  expect(await push(page)).toBe(formed);
  const back = await readList(server, 'form/app:1');
  expect(back.digest).toBe(formed);
  expect(back.json.annotations).toEqual({ 'org.opencontainers.image.title': 'app', 'org.opencontainers.image.version': '1' });
  await expect(page.getByTestId('outcome')).toContainText(list.replace(':1', `@${formed}`));
});

test('what the command line made of a list goes out with its file and its link, and comes back', async ({ page, open, server, browser, memory }) => {
  await putImage(server, 'formed/app', 'amd64', { os: 'linux', architecture: 'amd64' });
  const list = `${server.host}/formed/app:1`;
  await open('/command');
  await page.getByTestId('command-input').fill(`tallyman create --oci --annotation title=app ${list} ${server.host}/formed/app:amd64`);
  await page.getByTestId('command-input').press('Enter');
  await expect(page.getByTestId('stdout')).toHaveText(`Created manifest list ${list}\n`);
  await open(`/build/${list}`);
  await expect(page.getByTestId('form-annotations')).toHaveValue('title=app\n');
  const digest = await digestOf(page);
  await open('/lists');
  const row = page.locator(`[data-testid=list][data-name="${list}"]`);
  const [file] = await Promise.all([page.waitForEvent('download'), row.getByTestId('export').click()]);
  await row.getByTestId('link').click();
  const address = await page.getByTestId('link-address').textContent();
  for (const bring of [
    async (other) => {
      await other.goto(`${memory.app}#/lists`);
      await other.getByTestId('import-files').setInputFiles(await file.path());
    },
    (other) => other.goto(address),
  ]) {
    const { other, context } = await takenOver(browser, bring, list, digest);
    await expect(other.getByTestId('form-annotations')).toHaveValue('title=app\n');
    await context.close();
  }
});

test('an annotation with a line break stays as it is when another is edited, and is no line of the commands', async ({ page, open, server }) => {
  await aList(page, open, server, 'breaks');
  await chooseIndex(page);
  await annotate(page, 'title=app\n{"description":"First line\\ntouch x #?a=b"}');
  await page.getByTestId('unfold').click();
  const written = '{"description":"First line\\ntouch x #?a=b"}\n';
  await expect(page.getByTestId('form-annotations')).toHaveValue(`${written}title=app\n`);
  await annotate(page, `${written}title=other\n`);
  await expect(page.getByTestId('list-bytes')).toContainText('"title": "other"');
  await expect(page.getByTestId('form-annotations')).toHaveValue(`${written}title=other\n`);
  await expect(page.getByTestId('list-bytes')).toContainText('"description": "First line\\ntouch x #?a=b"');
  await page.getByRole('button', { name: 'docker manifest', exact: true }).click();
  await expect(page.getByTestId('command-lines')).toHaveText(/^# [^\n]*First line touch x #[^\n]*\ndocker manifest push [^\n]+$/);
});

test('two tabs that change the form at once lose nothing in silence', async ({ page, open, server, context, memory }) => {
  const list = await aList(page, open, server, 'tabs-form');
  await chooseIndex(page);
  const other = await context.newPage();
  await other.goto(`${memory.app}#/build/${list}`);
  await expect(other.getByTestId('form-oci')).toBeChecked();
  await annotate(page, 'title=mine');
  await expect(page.getByTestId('command-lines')).toContainText('title=mine');
  await expect(other.getByTestId('command-lines')).toContainText('title=mine');
  await annotate(other, 'title=theirs');
  await expect(page.getByTestId('form-annotations')).toHaveValue('title=theirs\n');
  // Undoing what somebody else has changed since is refused, and said.
  await page.getByTestId('undo').click();
  await expect(page.getByTestId('conflict')).toContainText('the format');
  await expect(page.getByTestId('form-annotations')).toHaveValue('title=theirs\n');
});

test.describe('in Spanish', () => {
  test.use({ locale: 'es-ES' });
  test('the form of a list', async ({ page, open, server }) => {
    await aList(page, open, server, 'forma');
    await expect(page.getByTestId('form')).toContainText('Usar siempre un índice OCI');
    await chooseIndex(page);
    await annotate(page, '=x');
    await expect(page.getByTestId('form').getByRole('alert')).toContainText('se encontró =x');
  });
});
