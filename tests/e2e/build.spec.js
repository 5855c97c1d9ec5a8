// Lists are built: images in, platforms edited, findings fixed, the bytes and the difference always in sight.

import { add, build, entry, setPlatform } from './building.js';
import { describe, putImage, putIndex, readBack } from './images.js';
import { startDevRegistry } from './servers.js';
import { expect, expectAccessible, expectNoSidewaysScroll, test } from './test.js';

test.use({ kind: 'distribution' });

/** Two images of a repository of the test's own. */
async function twoImages(server, repo) {
  const images = [`${server.host}/${repo}:amd64`, `${server.host}/${repo}:arm`];
  await putImage(server, repo, 'amd64', { os: 'linux', architecture: 'amd64' });
  await putImage(server, repo, 'arm', { os: 'linux', architecture: 'arm' });
  return images;
}

test('an edited platform changes bytes and digest at once; undo and redo go back and forth', async ({ page, open, server, complaints }) => {
  const [amd64, arm] = await twoImages(server, 'build/edit');
  await build(page, open, `${server.host}/build/edit:1`, [amd64, arm]);
  const digest = () => page.getByTestId('list-digest').getAttribute('data-digest');
  const before = await digest();
  await setPlatform(page, arm, 'linux/arm/v7');
  await expect(entry(page, arm)).toHaveAttribute('data-platform', 'linux/arm/v7');
  await expect.poll(digest).not.toBe(before);
  await page.getByTestId('unfold').focus();
  await page.keyboard.press('Enter');
  await expect(page.getByTestId('list-bytes')).toContainText('"variant": "v7"');
  // The button is gone; the keyboard goes on in what it showed.
  expect(await page.evaluate(() => document.activeElement.querySelector('[data-testid=list-bytes]') !== null && document.activeElement !== document.body)).toBe(true);
  await page.getByTestId('undo').click();
  await expect.poll(digest).toBe(before);
  await page.getByTestId('redo').click();
  await expect(entry(page, arm)).toHaveAttribute('data-platform', 'linux/arm/v7');

  await entry(page, amd64).getByTestId('more').click();
  await page.getByTestId('os-version').fill('10.0.1');
  await page.getByTestId('os-version').press('Tab');
  await expect(page.getByTestId('list-bytes')).toContainText('"os.version": "10.0.1"');
  await page.getByTestId('os-features').fill('a, b');
  await page.getByTestId('os-features').press('Tab');
  await expect(page.getByTestId('list-bytes')).toContainText('"os.features"');
  await expect(page.getByTestId('command-lines')).toContainText(`annotate ${server.host}/build/edit:1 ${arm} --variant v7`);

  await setPlatform(page, arm, 'nonsense');
  await expect(entry(page, arm).getByRole('alert')).toContainText('is not a platform');
  await expect(entry(page, arm)).toHaveAttribute('data-platform', 'linux/arm/v7');

  await entry(page, amd64).getByTestId('remove').click();
  await expect(page.getByTestId('entry')).toHaveCount(1);
  await page.keyboard.press('Control+z');
  await expect(page.getByTestId('entry')).toHaveCount(2);
  expect(complaints).toEqual([]);
});

test('the command lines empty fields and name pairs that Docker refuses, and have no line of Docker for that', async ({ page, open, server }) => {
  const [amd64] = await twoImages(server, 'build/lines');
  await putImage(server, 'build/lines', 'arm64', { os: 'linux', architecture: 'arm64', variant: 'v8' });
  const [list, arm64] = [`${server.host}/build/lines:1`, `${server.host}/build/lines:arm64`];
  await build(page, open, list, [amd64, arm64]);
  const lines = page.getByTestId('command-lines');
  await expect(lines).not.toContainText('annotate');
  await setPlatform(page, arm64, 'linux/arm64');
  await expect(lines).toContainText(`tallyman annotate ${list} ${arm64} --clear variant\n`);
  await setPlatform(page, amd64, 'linux/loong64');
  await expect(lines).toContainText(`tallyman annotate ${list} ${amd64} --arch loong64 --any-platform\n`);
  await page.getByRole('button', { name: 'docker manifest', exact: true }).click();
  await expect(lines).toHaveText(/^docker manifest create [^\n]+\n# [^\n]+\n# [^\n]+\ndocker manifest push [^\n]+$/);
});

test('edits that are made faster than they are stored are all kept, and undone one by one', async ({ page, open, server }) => {
  const [, arm] = await twoImages(server, 'build/quick');
  await build(page, open, `${server.host}/build/quick:1`, [arm]);
  await entry(page, arm).getByTestId('more').click();
  await expect(page.getByTestId('os-version')).toBeVisible();
  await page.evaluate(() => {
    for (const [id, text] of [['platform', 'linux/arm/v7'], ['os-version', '10.0.1'], ['os-features', 'a, b']]) {
      const field = document.querySelector(`[data-testid=${id}]`);
      field.value = text;
      field.dispatchEvent(new Event('change', { bubbles: true }));
    }
  });
  const platform = () => page.evaluate(() => ['platform', 'os-version', 'os-features'].map((id) => document.querySelector(`[data-testid=${id}]`).value));
  await expect(page.getByTestId('command-lines')).toContainText('--os-version 10.0.1');
  await expect(page.getByTestId('command-lines')).toContainText('--variant v7');
  expect(await platform()).toEqual(['linux/arm/v7', '10.0.1', 'a, b']);
  await expect(page.getByTestId('conflict')).toHaveCount(0);

  await page.evaluate(() => {
    for (let times = 0; times < 2; times++) document.dispatchEvent(new KeyboardEvent('keydown', { key: 'z', ctrlKey: true, bubbles: true }));
  });
  await expect.poll(platform).toEqual(['linux/arm/v7', '', '']);
  await page.getByTestId('redo').click();
  await expect.poll(platform).toEqual(['linux/arm/v7', '10.0.1', '']);
});

test('a finding offers its fix, and is gone once it is applied', async ({ page, open, server }) => {
  const images = await twoImages(server, 'build/fix');
  await build(page, open, `${server.host}/build/fix:1`, images);
  const finding = page.locator('[data-testid=finding][data-rule=arm-without-variant]');
  await expect(finding).toBeVisible();
  await finding.getByRole('button', { name: 'Set platform to linux/arm/v6' }).click();
  await expect(finding).toHaveCount(0);
  await expect(entry(page, images[1])).toHaveAttribute('data-platform', 'linux/arm/v6');
});

test('pasted lines of docker manifest add their images with their platforms; a list brings its images', async ({ page, open, server }) => {
  const [amd64, arm] = await twoImages(server, 'build/paste');
  const list = `${server.host}/build/paste:1`;
  await open(`/build/${list}`);
  await add(page, [
    `docker manifest create ${list} \\`,
    `  ${amd64} ${arm}`,
    `docker manifest annotate ${list} ${arm} --variant v7`,
  ]);
  await expect(entry(page, arm)).toHaveAttribute('data-platform', 'linux/arm/v7');
  await expect(entry(page, amd64)).toBeVisible();
  await page.getByTestId('undo').click();
  await expect(page.getByTestId('entry')).toHaveCount(0);

  await add(page, [`${server.host}/samples/hello:latest`]);
  await expect(page.getByTestId('entry')).toHaveCount(4);
});

test('lines with control characters stay in the box, and the characters are named', async ({ page, open, server }) => {
  const [amd64, arm] = await twoImages(server, 'build/control');
  await open(`/build/${server.host}/build/control:1`);
  const [box, fault] = [page.getByTestId('add-input'), page.getByTestId('add-fault')];
  const pasted = `${amd64}\n${arm}\u001b`;
  await add(page, [pasted]);
  await expect(fault).toContainText('found U+001B (ESC) in line 2. Nothing was added');
  await expect(box).toHaveValue(pasted);
  await expectAccessible(page);
  // The selected entries are the ones to remove.
  await page.keyboard.press('Delete');
  await expect(fault).toHaveCount(0);
  await box.press('Enter');
  await expect(page.getByTestId('entry')).toHaveCount(2);
  await expect(box).toHaveValue('');

  await page.getByTestId('undo').click();
  await expect(page.getByTestId('entry')).toHaveCount(0);
  await box.fill(amd64);
  await box.evaluate((box, dropped) => {
    const data = new DataTransfer();
    data.setData('text/plain', dropped);
    box.dispatchEvent(new DragEvent('drop', { dataTransfer: data, bubbles: true, cancelable: true }));
  }, `${arm}\u0000`);
  await expect(fault).toContainText('U+0000 (NUL) in line 2');
  await expect(box).toHaveValue(`${amd64}\n${arm}\u0000`);
  await expect(page.getByTestId('entry')).toHaveCount(0);
});

test('the difference to what the registry has under that name is shown', async ({ page, open, server }) => {
  const [amd64, arm] = await twoImages(server, 'build/diff');
  const list = `${server.host}/build/diff:1`;
  await build(page, open, list, [amd64]);
  await expect(page.getByTestId('diff')).toContainText('is not in the registry yet');
  await page.getByRole('link', { name: 'Push…' }).click();
  await page.getByTestId('push-start').click();
  await expect(page.getByTestId('pushed-digest')).toBeVisible();
  await build(page, open, list, [arm]);
  await expect(page.locator('[data-testid=diff-row][data-change=added]')).toContainText('linux/arm');
  await expect(page.locator('[data-testid=diff-row][data-change=kept]')).toContainText('linux/amd64');
  await entry(page, arm).getByTestId('remove').click();
  await expect(page.getByTestId('diff-same')).toBeVisible();
});

test('an index that is edited keeps its artifact type, its subject, its annotations and those of its entries, with its digest until it is changed', async ({ page, open, server }) => {
  const repo = 'build/whole';
  const [, arm] = await twoImages(server, repo);
  const [one, two] = [await describe(server, `${repo}:amd64`), await describe(server, `${repo}:arm`)];
  const subject = await describe(server, `${repo}:amd64`);
  const entries = [
    { ...two, platform: { os: 'linux', architecture: 'arm' }, annotations: { e: '1' } },
    { ...one, platform: { os: 'linux', architecture: 'amd64' } },
  ];
  const digest = await putIndex(server, repo, 'index', entries, { artifactType: 'application/vnd.acme.bundle', subject, annotations: { x: 'y' } });
  await open(`/inspect/${server.host}/${repo}:index`);
  await page.getByTestId('edit-as-list').click();
  await expect(page.getByTestId('list-digest')).toHaveAttribute('data-digest', digest);
  await expect(page.getByTestId('diff-same')).toBeVisible();
  const lines = page.getByTestId('command-lines');
  await expect(lines).toContainText(`--subject ${server.host}/${repo}@${subject.digest}`);
  await expect(lines).toContainText('# The digest will be another one');

  // The rest stays when an entry is changed.
  await setPlatform(page, arm.replace(/:arm$/, `@${two.digest}`), 'linux/arm/v7');
  await expect(page.locator('[data-testid=diff-row][data-change=changed]')).toHaveCount(1);
  await page.getByRole('link', { name: 'Push…' }).click();
  await page.getByTestId('push-start').click();
  await expect(page.getByTestId('pushed-digest')).toBeVisible();
  const pushed = JSON.parse((await readBack(server.registry, `${repo}:index`)).bytes);
  expect(pushed).toMatchObject({ artifactType: 'application/vnd.acme.bundle', subject, annotations: { x: 'y' } });
  expect(pushed.manifests[0]).toMatchObject({ annotations: { e: '1' }, platform: { variant: 'v7' } });
});

test('what a push would take from an index is shown, and bytes that differ are never called unchanged', async ({ page, open, server }) => {
  const repo = 'build/taken';
  const [amd64] = await twoImages(server, repo);
  const image = await describe(server, `${repo}:amd64`);
  const described = { ...image, platform: { os: 'linux', architecture: 'amd64' } };
  await putIndex(server, repo, '1', [{ ...described, annotations: { e: '1' } }], { subject: image, annotations: { x: 'y' } });
  await build(page, open, `${server.host}/${repo}:1`, [`${server.host}/${repo}@${image.digest}`]);
  const removed = page.locator('[data-testid=diff-row][data-change=removed]');
  await expect(removed).toHaveText([/annotations\.x y/, /subject sha256:/, /linux\/amd64 annotations\.e 1/]);
  await putIndex(server, repo, '2', [described]);
  await build(page, open, `${server.host}/${repo}:2`, [`${server.host}/${repo}@${image.digest}`]);
  await expect(page.locator('[data-testid=diff-row][data-change=kept]')).toHaveCount(1);
  await expect(page.getByTestId('diff-bytes')).toBeVisible();
  expect(amd64).toContain(repo);
});

test('lines of other programs add all their images, and lines without one are named', async ({ page, open, server }) => {
  const [amd64, arm] = await twoImages(server, 'build/programs');
  await open(`/build/${server.host}/build/programs:1`);
  await add(page, ['set -e', `docker buildx imagetools create -t ${server.host}/build/programs:1 ${amd64} ${arm} # both`]);
  await expect(page.getByTestId('entry')).toHaveCount(2);
  await expect(page.getByTestId('add-fault')).toContainText('found “set -e”');
  await expect(page.getByTestId('add-input')).toHaveValue('set -e');
});

test('what another tab does is seen at once; the same entry changed by both is told, and nothing is lost', async ({ context, page, open, server }) => {
  const [amd64, arm] = await twoImages(server, 'build/tabs');
  const list = `${server.host}/build/tabs:1`;
  await build(page, open, list, [amd64, arm]);
  const other = await context.newPage();
  await other.goto(page.url());
  await expect(other.getByTestId('entry')).toHaveCount(2);
  await setPlatform(other, amd64, 'linux/386');
  await expect(entry(page, amd64)).toHaveAttribute('data-platform', 'linux/386');
  await expect(page.getByTestId('toast')).toContainText('Another tab has changed this list');

  // A tab that does not hear of changes, as one that was asleep.
  const deaf = await context.newPage();
  await deaf.addInitScript(() => delete window.BroadcastChannel);
  await deaf.goto(page.url());
  await expect(deaf.getByTestId('entry')).toHaveCount(2);
  await setPlatform(page, arm, 'linux/arm/v7');
  await setPlatform(page, amd64, 'linux/amd64/v2');
  // Another entry of the same list is no conflict; the same one is.
  await setPlatform(deaf, arm, 'linux/arm/v5');
  await expect(deaf.getByTestId('conflict')).toContainText(arm);
  await expect(entry(page, arm)).toHaveAttribute('data-platform', 'linux/arm/v7');
  await expect(entry(deaf, arm)).toHaveAttribute('data-platform', 'linux/arm');
  await deaf.getByRole('button', { name: 'Apply my change' }).click();
  await expect(deaf.getByTestId('conflict')).toContainText(arm);
  await deaf.reload();
  await expect(entry(deaf, arm)).toHaveAttribute('data-platform', 'linux/arm/v7');
  await expect(entry(deaf, amd64)).toHaveAttribute('data-platform', 'linux/amd64/v2');
});

test('a list without a name is asked for one; its images wait', async ({ page, open, server }) => {
  const images = await twoImages(server, 'build/name');
  await open(`/build/|${images.join('|')}`);
  await expect(page.getByTestId('name-input')).toHaveValue(`${server.host}/build/name:latest`);
  await page.getByTestId('name-input').press('Enter');
  await expect(page.getByTestId('entry')).toHaveCount(2);
  expect(page.url()).not.toContain('|');
});

test('tags that are picked in the explorer become a list', async ({ page, open, server }) => {
  const images = await twoImages(server, 'build/picked');
  await open(`/explore/${server.host}/build/picked`);
  for (const tag of ['amd64', 'arm']) await page.locator(`[data-tag="${tag}"] .tick`).click();
  const actions = page.getByTestId('actions');
  await expect(actions.getByRole('link', { name: 'Delete…' })).toHaveAttribute('href', /#\/delete\/[^|]*build\/picked(\|(amd64|arm)){2}$/);
  await actions.getByRole('link', { name: 'Build a list' }).click();
  await expect(page.getByTestId('name-input')).toHaveValue(`${server.host}/build/picked:latest`);
  await page.getByTestId('name-input').press('Enter');
  for (const image of images) await expect(entry(page, image)).toBeVisible();
});

for (const colorScheme of ['light', 'dark']) {
  test(`the builder is accessible and fits, ${colorScheme}`, async ({ page, open, server }) => {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    const repo = `build/look-${colorScheme}`;
    const images = await twoImages(server, repo);
    await build(page, open, `${server.host}/${repo}:1`, images);
    await add(page, [`${server.host}/${repo}:nothing`]);
    await expect(page.getByTestId('pending').getByRole('alert')).toBeVisible();
    await expect(page.locator('[data-testid=entry-state][data-state=fresh]')).toHaveCount(2);
    await expectAccessible(page);
    await page.setViewportSize({ width: 390, height: 844 });
    await expectNoSidewaysScroll(page);
    await expectAccessible(page);
    expect((await readBack(server.registry, `${repo}:1`)).status).toBe(404);
  });
}

test('a link adds images by a click alone, and never runs command lines', async ({ page, open, server }) => {
  const [amd64, arm] = await twoImages(server, 'build/link');
  const list = `${server.host}/build/link:1`;
  await build(page, open, list, [amd64]);
  const line = `docker manifest annotate ${list} ${amd64} --arch s390x`;
  await open(`/build/${list}|${arm}|${encodeURIComponent(line)}`);
  const offer = page.getByTestId('link-offer');
  await expect(offer.getByRole('listitem')).toHaveText([arm]);
  await expect(page.getByTestId('entry')).toHaveCount(1);
  await page.getByTestId('link-ignore').click();
  await expect(offer).toBeHidden();
  await expect(page.getByTestId('entry')).toHaveCount(1);

  await open(`/build/${list}|${arm}`);
  await page.reload();
  await page.getByTestId('link-add').click();
  await expect(page.getByTestId('entry')).toHaveCount(2);
  await expect(offer).toBeHidden();
});

test('an undo that another tab has made impossible is applied all the same, or given up', async ({ context, page, open, server }) => {
  const [amd64, arm] = await twoImages(server, 'build/refused');
  await build(page, open, `${server.host}/build/refused:1`, [amd64]);
  const other = await context.newPage();
  await other.goto(page.url());
  await setPlatform(other, amd64, 'linux/386');
  await expect(entry(page, amd64)).toHaveAttribute('data-platform', 'linux/386');

  await page.getByTestId('undo').click();
  await expect(page.getByTestId('conflict')).toContainText(amd64);
  await page.getByRole('button', { name: 'Apply my change' }).click();
  await expect(page.getByTestId('entry')).toHaveCount(0);
  await expect(page.getByTestId('conflict')).toHaveCount(0);
  await expect(page.getByTestId('undo')).toBeDisabled();
  // Redo restores what undo removed.
  await page.getByTestId('redo').click();
  await expect(entry(page, amd64)).toHaveAttribute('data-platform', 'linux/386');

  await add(page, [arm]);
  await expect(entry(page, arm)).toBeVisible();
  await setPlatform(other, arm, 'linux/arm/v7');
  await expect(entry(page, arm)).toHaveAttribute('data-platform', 'linux/arm/v7');
  await page.getByTestId('undo').click();
  await page.getByRole('button', { name: 'Keep theirs' }).click();
  await expect(page.getByTestId('conflict')).toHaveCount(0);
  await expect(entry(page, arm)).toHaveAttribute('data-platform', 'linux/arm/v7');
  // The step before it is the next one.
  await page.getByTestId('undo').click();
  await expect(entry(page, amd64)).toHaveCount(0);
  await expect(entry(page, arm)).toBeVisible();
});

test('lines that cannot be read stay in the box, and why is said below it', async ({ page, open, server }) => {
  const images = await twoImages(server, 'build/unread');
  await open(`/build/${server.host}/build/unread:1`);
  await add(page, [images[0], 'foo bar!!', images[1], 'docker manifest annotate x']);
  for (const image of images) await expect(entry(page, image)).toBeVisible();
  const box = page.getByTestId('add-input');
  await expect(box).toHaveValue('docker manifest annotate x\nfoo bar!!');
  await expect(page.getByTestId('add-fault')).toContainText('found “foo bar!!”');
  await expect(page.getByTestId('add-fault')).toContainText('docker manifest annotate x: ');
  await expect(page.getByTestId('toast')).toHaveCount(0);
  await expectAccessible(page);
  await box.fill(images[0]);
  await expect(page.getByTestId('add-fault')).toHaveCount(0);
});

test('images that are added on two visits of a list are undone one by one', async ({ page, open, server }) => {
  const [amd64, arm] = await twoImages(server, 'build/visits');
  const list = `${server.host}/build/visits:1`;
  await build(page, open, list, [amd64]);
  await page.getByRole('link', { name: 'Lists', exact: true }).click();
  await page.getByRole('link', { name: list }).click();
  await expect(entry(page, amd64)).toBeVisible();
  await add(page, [arm]);
  await expect(entry(page, arm)).toBeVisible();
  await page.getByTestId('undo').click();
  await expect(entry(page, arm)).toHaveCount(0);
  await expect(entry(page, amd64)).toBeVisible();
});

test('a new list has no history of an older one of its name; a list that is brought back has its own', async ({ context, page, open, server }) => {
  const [amd64, arm] = await twoImages(server, 'build/history');
  const list = `${server.host}/build/history:1`;
  await build(page, open, list, [amd64]);
  const toLists = (page) => page.getByRole('link', { name: 'Lists', exact: true }).click();
  const removed = async (page) => {
    await page.locator(`[data-testid=list][data-name="${list}"]`).getByTestId('remove-list').click();
    await expect(page.getByTestId('no-lists')).toBeVisible();
  };
  await toLists(page);
  await removed(page);
  await page.getByTestId('toast').getByRole('button', { name: 'Undo' }).click();
  await page.getByRole('link', { name: list }).click();
  await page.getByTestId('undo').click();
  await expect(page.getByTestId('entry')).toHaveCount(0);
  await page.getByTestId('redo').click();
  await expect(entry(page, amd64)).toBeVisible();

  const again = async () => {
    await page.getByTestId('new-list').fill(list);
    await page.getByTestId('new-list').press('Enter');
    await expect(page.getByTestId('undo')).toBeDisabled();
    await add(page, [arm]);
    await expect(entry(page, arm)).toBeVisible();
    await page.getByTestId('undo').click();
    await expect(page.getByTestId('entry')).toHaveCount(0);
    await expect(page.getByTestId('undo')).toBeDisabled();
    await page.getByTestId('redo').click();
    await expect(page.getByTestId('redo')).toBeDisabled();
    await expect(entry(page, arm)).toBeVisible();
    await expect(page.getByTestId('entry')).toHaveCount(1);
    await toLists(page);
  };
  await toLists(page);
  await removed(page);
  await again();
  // Another tab removes it.
  const other = await context.newPage();
  await other.goto(page.url());
  await removed(other);
  await expect(page.getByTestId('no-lists')).toBeVisible();
  await again();
  // Another list gets its name: it has the history of its own.
  await page.locator(`[data-testid=list][data-name="${list}"]`).getByTestId('rename').click();
  const renamed = `${server.host}/build/history:2`;
  await page.getByTestId('new-name').fill(renamed);
  await page.getByTestId('new-name').press('Enter');
  await page.getByRole('link', { name: renamed }).click();
  await page.getByTestId('undo').click();
  await expect(page.getByTestId('entry')).toHaveCount(0);
});

test('a list that is removed or renamed while one of its images is fetched stays gone', async ({ context, page, open, server }) => {
  const [amd64, arm] = await twoImages(server, 'build/gone');
  const list = `${server.host}/build/gone:1`;
  await build(page, open, list, [amd64]);
  const held = [];
  let holds = true;
  await page.route(/\/v2\/build\/gone\/manifests\/arm$/, (route) => (holds ? held.push(route) : route.continue()));
  const other = await context.newPage();
  await other.goto(`${new URL(page.url()).origin}/#/lists`);
  const row = other.locator(`[data-testid=list][data-name="${list}"]`);
  const losing = async (lose) => {
    holds = true;
    await add(page, [arm]);
    await expect.poll(() => held.length).toBeGreaterThan(0);
    await lose();
    await expect(row).toHaveCount(0);
    holds = false;
    await Promise.all(held.splice(0).map((route) => route.continue()));
    await expect(page.getByTestId('pending').getByRole('alert')).toContainText('no longer exists');
    await expect(row).toHaveCount(0);
  };
  await losing(() => row.getByTestId('remove-list').click());
  await other.getByTestId('toast').getByRole('button', { name: 'Undo' }).click();
  await expect(entry(page, amd64)).toBeVisible();
  await expect(page.getByTestId('entry')).toHaveCount(1);
  await losing(async () => {
    await row.getByTestId('rename').click();
    await other.getByTestId('new-name').fill(`${server.host}/build/gone:2`);
    await other.getByTestId('new-name').press('Enter');
  });
  await expect(other.getByTestId('list')).toHaveCount(1);
});

test('an image that has to be fetched again gets the platform that was pasted with it', async ({ page, open, server }) => {
  const registry = await startDevRegistry('--samples', '--basic', 'ann:secret', '--open-preflight');
  const list = `${server.host}/build/later:1`;
  const [guarded, absent] = [`${registry.host}/samples/alpine:3.22`, `${server.host}/build/later:arm`];
  await open(`/build/${list}`);
  await add(page, [
    `docker manifest create ${list} ${guarded} ${absent}`,
    `docker manifest annotate ${list} ${guarded} --os linux --arch s390x`,
    `docker manifest annotate ${list} ${absent} --variant v7`,
  ]);
  const pending = (image) => page.locator(`[data-testid=pending][data-image="${image}"]`);
  await expect(pending(guarded).getByRole('alert')).toBeVisible();
  await expect(pending(absent).getByRole('alert')).toBeVisible();
  await putImage(server, 'build/later', 'arm', { os: 'linux', architecture: 'arm' });
  await pending(absent).getByTestId('retry').click();
  await expect(entry(page, absent)).toHaveAttribute('data-platform', 'linux/arm/v7');

  const panel = page.getByTestId('sign-in-panel');
  await panel.locator('input[name=username]').fill('ann');
  await panel.locator('input[name=password]').fill('secret');
  await panel.getByRole('button', { name: 'Sign in', exact: true }).click();
  await expect(page.locator(`[data-testid=entry][data-platform^="linux/s390x"]`).first()).toBeVisible();
  await expect(page.locator(`[data-testid=entry]:not([data-platform^="linux/s390x"])`)).toHaveCount(1);
  await registry.stop();
});

test('a list whose registry asks who one is offers the sign-in for its images and its push, and hears of one in another tab', async ({ page, context, open }) => {
  const registry = await startDevRegistry('--samples', '--basic', 'ann:secret', '--open-preflight');
  const image = `${registry.host}/samples/alpine:3.22`;
  const list = `${registry.host}/build/private:1`;
  const signIn = async (page) => {
    const panel = page.getByTestId('sign-in-panel');
    await panel.locator('input[name=username]').fill('ann');
    await panel.locator('input[name=password]').fill('secret');
    await panel.locator('input[name=password]').press('Enter');
    await expect(panel).toHaveCount(0);
  };
  const states = (state) => page.locator(`[data-testid=entry-state]:not([data-state=${state}])`);
  const allAre = async (state) => {
    await expect(page.getByTestId('entry').first()).toBeVisible();
    await expect(states(state)).toHaveCount(0);
  };
  await open(`/build/${list}`);
  await add(page, [image]);
  await expect(page.getByTestId('pending').getByRole('alert')).toBeVisible();
  await signIn(page);
  await allAre('fresh');

  // The credentials are gone with the page, the list is not.
  await page.reload();
  await allAre('unknown');
  await expect(page.getByTestId('diff')).toContainText('Could not compare with what the registry has');
  await signIn(page);
  await allAre('fresh');
  await expect(page.getByTestId('diff')).toContainText('is not in the registry yet');

  await page.reload();
  await allAre('unknown');
  await page.getByTestId('builder').getByRole('link', { name: 'Push…' }).click();
  await expect(page.getByTestId('push-standing')).toContainText('Could not check');
  await signIn(page);
  await expect(page.getByTestId('push-standing')).toContainText('is new in the registry');
  await expect(page.getByRole('heading', { level: 1 })).toBeFocused();

  await page.goBack();
  await page.reload();
  await allAre('unknown');
  const other = await context.newPage();
  await other.goto(page.url().replace(/#.*/, `#/inspect/${image}`));
  await other.getByText('in this browser, until I sign out').click();
  await signIn(other);
  await allAre('fresh');
  await expect(page.getByTestId('sign-in-panel')).toHaveCount(0);
  await registry.stop();
});

test('pasted lines give the list its form and its images their annotations, and what of them is not used is said', async ({ page, open, server }) => {
  const [amd64, arm] = await twoImages(server, 'build/formed');
  const list = `${server.host}/build/formed:1`;
  await open(`/build/${list}`);
  await add(page, [
    `tallyman create --oci --annotation title=app --platform linux/arm64 ${list} ${amd64} ${arm}`,
    `tallyman annotate --annotation of=image ${list} ${arm}`,
  ]);
  await expect(entry(page, arm)).toBeVisible();
  await expect(entry(page, amd64)).toBeVisible();
  await expect(page.getByTestId('toast')).toContainText('not used here: --platform');
  await expect(page.getByTestId('form-oci')).toBeChecked();
  await expect(page.getByTestId('form-annotations')).toHaveValue('title=app\n');
  await expect(page.getByTestId('command-lines')).toContainText(`annotate ${list} ${arm} --annotation 'of=image'`);
});

test('an index keeps its annotations while its format is Docker\'s, and Ctrl+Z in the checkbox undoes the choice', async ({ page, open, server }) => {
  const images = await twoImages(server, 'build/form');
  await build(page, open, `${server.host}/build/form:1`, images);
  const [box, annotations, lines] = ['form-oci', 'form-annotations', 'command-lines'].map((id) => page.getByTestId(id));
  const digest = () => page.getByTestId('list-digest').getAttribute('data-digest');
  const plain = await digest();
  await box.click();
  await annotations.fill('a=1\nb=2');
  await annotations.blur();
  await expect(lines).toContainText('--annotation');
  const annotated = await digest();
  await box.click();
  await expect(annotations).toHaveCount(0);
  await expect.poll(digest).toBe(plain);
  await expect(lines).not.toContainText('--annotation');
  await box.click();
  await expect(annotations).toHaveValue('a=1\nb=2\n');
  await expect.poll(digest).toBe(annotated);
  await box.click();
  await expect(annotations).toHaveCount(0);
  await expect(box).toBeFocused();
  await page.keyboard.press('Control+z');
  await expect(box).toBeChecked();
  await expect(annotations).toHaveValue('a=1\nb=2\n');
});

test('the focus stays at the place of an image that is removed by keyboard', async ({ page, open, server }) => {
  const images = await twoImages(server, 'build/focus');
  await putImage(server, 'build/focus', 's390x', { os: 'linux', architecture: 's390x' });
  const [amd64, arm, s390x] = [...images, `${server.host}/build/focus:s390x`];
  await build(page, open, `${server.host}/build/focus:1`, [amd64]);
  for (const image of [arm, s390x]) {
    await add(page, [image]);
    await expect(entry(page, image)).toBeVisible();
  }
  const remove = (image) => entry(page, image).getByTestId('remove');
  // From the fields of the second image to its button.
  await entry(page, arm).getByTestId('platform').focus();
  while (!(await remove(arm).evaluate((button) => button === document.activeElement))) await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await expect(remove(s390x)).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(remove(amd64)).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { name: /^Images/ })).toBeFocused();

  // Rows of images that could not be fetched.
  await add(page, [`${server.host}/build/focus:no`, `${server.host}/build/focus:none`]);
  const pending = page.getByTestId('pending');
  await expect(pending.getByRole('alert')).toHaveCount(2);
  const dismiss = (at) => pending.nth(at).getByRole('button', { name: /^Dismiss/ });
  await dismiss(0).focus();
  await page.keyboard.press('Enter');
  await expect(pending).toHaveCount(1);
  await expect(dismiss(0)).toBeFocused();
  await pending.getByTestId('retry').focus();
  await page.keyboard.press('Enter');
  await expect(pending).toBeFocused();
  await expect(pending.getByRole('alert')).toBeVisible();
  await page.keyboard.press('Tab');
  await expect(pending.locator('summary')).toBeFocused();
  await page.keyboard.press('Tab');
  await expect(pending.getByTestId('retry')).toBeFocused();
  await dismiss(0).focus();
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { name: /^Images/ })).toBeFocused();
});
