// The command line in the page: the lines of the command line, and what they print.

import { putImage, readList } from './images.js';
import { note } from './notes.js';
import { expect, expectAccessible, expectNoSidewaysScroll, paste, test } from './test.js';

test.use({ kind: 'distribution' });

/** Types a line, and gives what it printed when it has ended. */
async function typed(page, line) {
  const ran = page.getByTestId('ran');
  const before = await ran.count();
  await page.getByTestId('command-input').fill(line);
  await page.getByTestId('command-input').press('Enter');
  const last = ran.nth(before);
  await expect(last).toHaveAttribute('data-exit', /\d+/);
  const all = (name) => last.getByTestId(name).evaluateAll((parts) => parts.map((part) => part.textContent).join(''));
  return { exit: Number(await last.getAttribute('data-exit')), stdout: await all('stdout'), stderr: await all('stderr') };
}

/** Has the field show the last line of the history, once that is read: before, it has none. */
const recallLast = (input) =>
  expect
    .poll(async () => {
      await input.press('ArrowUp');
      return input.inputValue();
    })
    .not.toBe('');

async function done(page, line) {
  const { exit, stdout, stderr } = await typed(page, line);
  expect({ exit, stderr }).toEqual({ exit: 0, stderr: '' });
  return stdout;
}

test('what was printed stays as it is while more comes: nothing is read out again', async ({ page, open, server }) => {
  await putImage(server, 'stays', '1', { os: 'linux', architecture: 'amd64' });
  await open('/command');
  await done(page, `docker manifest inspect ${server.host}/stays:1`);
  const first = await page.getByTestId('ran').first().elementHandle();
  await done(page, `tallyman digest ${server.host}/stays:1`);
  await typed(page, 'nothing');
  expect(await first.evaluate((element) => element === document.querySelector('[data-testid=ran]'))).toBe(true);
});

test('the whole manual page, one example after the other', async ({ page, open, server }) => {
  const { host } = server;
  // The page's `arm` image says amd64, as images that were built on another machine do; hence its `annotate`.
  const images = { 'coolapp-ppc64le-linux': ['linux', 'ppc64le'], 'coolapp-arm-linux': ['linux', 'amd64'], 'coolapp-amd64-linux': ['linux', 'amd64'], 'coolapp-amd64-windows': ['windows', 'amd64'] };
  for (const [name, [os, architecture]] of Object.entries(images)) await putImage(server, name, 'v1', { os, architecture });
  const list = `${host}/coolapp:v1`;
  const sources = Object.keys(images).map((name) => `${host}/${name}:v1`);
  await open('/command');

  // A single image, and the same with more.
  const single = JSON.parse(await done(page, `docker manifest inspect ${sources[0]}`));
  expect(single.layers).toHaveLength(2);
  const verbose = JSON.parse(await done(page, `docker manifest inspect --verbose ${sources[0]}`));
  expect(verbose.Descriptor.platform).toEqual({ architecture: 'ppc64le', os: 'linux' });

  // Create, annotate, inspect, push, inspect again.
  expect(await done(page, `docker manifest create ${list} ${sources.join(' ')}`)).toBe(`Created manifest list ${list}\n`);
  expect(await done(page, `docker manifest annotate ${list} ${host}/coolapp-arm-linux:v1 --arch arm`)).toBe('');
  const local = await done(page, `docker manifest inspect ${list}`);
  expect(JSON.parse(local).manifests.map(({ platform: { os, architecture } }) => `${os}/${architecture}`)).toEqual(['linux/amd64', 'windows/amd64', 'linux/arm', 'linux/ppc64le']);
  const lines = (await done(page, `docker manifest push ${list}`)).trimEnd().split('\n');
  expect(lines).toHaveLength(5);
  for (const line of lines.slice(0, 4)) expect(line).toMatch(new RegExp(`^Pushed ref ${host}/coolapp@(sha256:[0-9a-f]{64}) with digest: \\1$`));
  const served = await readList(server, 'coolapp:v1');
  expect(served.digest).toBe(lines[4]);
  expect(`${served.bytes}\n`).toBe(local);
  expect(await done(page, `docker manifest rm ${list}`)).toBe('');
  expect(await done(page, `docker manifest inspect ${list}`)).toBe(local);

  // With an insecure registry, as the page shows it.
  expect(await done(page, `docker manifest create --insecure ${host}/coolapp:v2 ${sources[0]}`)).toBe(`Created manifest list ${host}/coolapp:v2\n`);
  expect(await done(page, `docker manifest push --purge --insecure ${host}/coolapp:v2`)).toContain('sha256:');

  // And what the page says goes wrong.
  expect(await typed(page, 'docker manifest')).toMatchObject({ exit: 0, stdout: '' });
  expect(await typed(page, `docker manifest inspect ${host}/coolapp:none`)).toEqual({ exit: 1, stdout: '', stderr: `no such manifest: ${host}/coolapp:none\n` });
  expect((await typed(page, 'docker manifest push --nonsense x')).exit).toBe(125);
  expect((await typed(page, 'curl r.io')).stderr).toContain('expected a line of tallyman or docker manifest, found curl');
  expect((await typed(page, `inspect ${host}/coolapp:none`)).stderr).toContain('found inspect; write tallyman inspect');
  expect((await typed(page, 'tallyman list | head')).stderr).toContain('only a shell has pipes');
});

test('Tab completes commands, flags and references; the arrows bring back what was typed, after a reload as well', async ({ page, open, server }) => {
  await putImage(server, 'complete/app', 'amd64', { os: 'linux', architecture: 'amd64' });
  const list = `${server.host}/complete/app:v1`;
  await open('/command');
  const input = page.getByTestId('command-input');
  await input.pressSequentially('tal');
  await input.press('Tab');
  await expect(input).toHaveValue('tallyman ');
  await input.pressSequentially('cr');
  await input.press('Tab');
  await expect(input).toHaveValue('tallyman create ');
  await input.pressSequentially(`${list} ${server.host}/complete/app:amd64`);
  await input.press('Enter');
  await expect(page.getByTestId('stdout')).toHaveText(`Created manifest list ${list}\n`);
  await input.pressSequentially('tallyman push --dr');
  await input.press('Tab');
  await expect(input).toHaveValue('tallyman push --dry-run ');
  await input.pressSequentially(`${server.host}/com`);
  await input.press('Tab');
  await expect(input).toHaveValue(`tallyman push --dry-run ${list} `);
  await input.press('Enter');
  await expect(page.getByTestId('stdout').last()).toContainText('1 step to');
  await page.reload();
  await recallLast(input);
  await expect(input).toHaveValue(`tallyman push --dry-run ${list}`);
  await input.press('ArrowUp');
  await expect(input).toHaveValue(/^tallyman create/);
  await input.press('ArrowDown');
  await expect(input).toHaveValue(/^tallyman push/);
});

test('Tab completes what stands before the cursor, and not a line that is typed on meanwhile', async ({ page, open, server }) => {
  await putImage(server, 'cursor/app', 'amd64', { os: 'linux', architecture: 'amd64' });
  await open('/command');
  await done(page, `tallyman create ${server.host}/cursor/app:v1 ${server.host}/cursor/app:amd64`);
  const input = page.getByTestId('command-input');
  await input.fill('tallyman pu é');
  await input.evaluate((field) => field.setSelectionRange(11, 11));
  await input.press('Tab');
  await expect(input).toHaveValue('tallyman push  é');
  expect(await input.evaluate((field) => [field.selectionStart, field.selectionEnd])).toEqual([14, 14]);

  await input.fill(`tallyman push ${server.host}/cur`);
  await input.evaluate(async (field) => {
    field.dispatchEvent(new KeyboardEvent('keydown', { key: 'Tab', bubbles: true, cancelable: true }));
    // The lists are read meanwhile.
    for (let turn = 0; turn < 5; turn++) await Promise.resolve();
    field.value += ' --dry';
  });
  await input.press('Tab');
  await expect(input).toHaveValue(`tallyman push ${server.host}/cur --dry-run `);
});

test('the arrows leave a line alone that is being typed, and bring it back', async ({ page, open }) => {
  await open('/command');
  await typed(page, 'tallyman --version');
  const input = page.getByTestId('command-input');
  await input.fill('tallyman cr');
  await input.press('ArrowDown');
  await expect(input).toHaveValue('tallyman cr');
  await input.press('ArrowUp');
  await expect(input).toHaveValue('tallyman --version');
  await input.press('ArrowDown');
  await expect(input).toHaveValue('tallyman cr');
});

/** The history as it is kept. */
const history = (page, older) => note(page, 'command history', older);

test('lines that are typed in two tabs are all kept', async ({ page, context, open }) => {
  await open('/command');
  const other = await context.newPage();
  await other.goto(page.url());
  await typed(page, 'tallyman --version');
  await typed(other, 'tallyman ls');
  await typed(page, 'tallyman help');
  await expect.poll(() => history(page)).toBe('tallyman ls\ntallyman --version\ntallyman help');
  await other.reload();
  const input = other.getByTestId('command-input');
  await recallLast(input);
  await expect(input).toHaveValue('tallyman help');
});

test('a password is neither shown nor kept, and one that was kept is forgotten', async ({ page, open }) => {
  await open('/command');
  await typed(page, 'tallyman --version');
  await typed(page, 'tallyman login -u me -p s3cret r.example');
  await typed(page, 'docker login --password=s3cret r.example');
  await expect(page.locator('.terminal__typed').nth(1)).toHaveText('$ tallyman login ***');
  expect(await page.locator('body').textContent()).not.toContain('s3cret');
  const input = page.getByTestId('command-input');
  await input.press('ArrowUp');
  await expect(input).toHaveValue('tallyman --version');
  expect(await history(page)).toBe('tallyman --version');

  await history(page, 'tallyman ls\ntallyman login -u me -p s3cret r.example\ntallyman digest x');
  await page.reload();
  await expect.poll(() => history(page)).toBe('tallyman ls\ntallyman digest x');
  await input.press('ArrowUp');
  await input.press('ArrowUp');
  await expect(input).toHaveValue('tallyman ls');
});

test('what the command line does is seen on the pages of lists', async ({ page, open, server, context }) => {
  await putImage(server, 'seen/app', 'amd64', { os: 'linux', architecture: 'amd64' });
  await open('/lists');
  const other = await context.newPage();
  await other.goto(page.url().replace('/lists', '/command'));
  await done(other, `tallyman create ${server.host}/seen/app:v1 ${server.host}/seen/app:amd64`);
  await expect(page.getByTestId('list')).toHaveAttribute('data-name', `${server.host}/seen/app:v1`);
});

test('a line goes on while another page is looked at, is asked about before the browser leaves, and its output is there afterwards', async ({ page, open, server }) => {
  await putImage(server, 'unseen', '1', { os: 'linux', architecture: 'amd64' });
  const isAsked = () => page.evaluate(() => !window.dispatchEvent(new Event('beforeunload', { cancelable: true })));
  const held = [];
  let holds = true;
  await open('/command');
  await typed(page, 'tallyman --version');
  expect(await isAsked()).toBe(false);
  await page.route(/\/v2\/unseen\/manifests\/1/, (route) => (holds ? held.push(route) : route.continue()));
  await page.getByTestId('command-input').fill(`docker manifest inspect ${server.host}/unseen:1`);
  await page.getByTestId('command-input').press('Enter');
  await expect.poll(() => held.length).toBe(1);
  expect(await isAsked()).toBe(true);
  // A running command is not cleared.
  await page.getByRole('button', { name: 'Clear' }).click();
  const ran = page.getByTestId('ran');
  await expect(ran).toHaveCount(1);
  await page.getByRole('link', { name: 'Lists', exact: true }).click();
  await expect(page.getByTestId('import-files')).toBeAttached();
  expect(await isAsked()).toBe(true);

  await page.goBack();
  await expect(ran).toContainText('unseen:1');
  await expect(ran).not.toHaveAttribute('data-exit');
  await expect(page.getByRole('button', { name: 'Running' })).toBeDisabled();
  await page.getByRole('link', { name: 'Lists', exact: true }).click();
  holds = false;
  await held[0].continue();
  await expect.poll(isAsked).toBe(false);
  await page.goBack();
  await expect(ran).toHaveAttribute('data-exit', '0');
  await expect(ran.getByTestId('stdout')).toContainText('"layers"');
  expect((await typed(page, 'tallyman --version')).exit).toBe(0);
});

test('a line that a silent registry holds up says so and is stopped, by button and by keyboard; the rest of a script is not run', async ({ page, open, server }) => {
  await putImage(server, 'silent', '1', { os: 'linux', architecture: 'amd64' });
  await page.route(/\/v2\/silent\/manifests\/1/, () => {});
  await open('/command');
  const ran = page.getByTestId('ran');
  const input = page.getByTestId('command-input');
  await input.fill(`tallyman inspect ${server.host}/silent:1`);
  await input.press('Enter');
  await expect(page.getByTestId('slow')).toContainText(`${server.host}`, { timeout: 10_000 });
  await page.getByTestId('command-stop').click();
  await expect(ran).toHaveAttribute('data-exit', '130');
  await expect(page.getByTestId('slow')).toHaveCount(0);
  await expect(page.getByTestId('command-stop')).toHaveCount(0);

  await paste(page, 'command-input', `tallyman inspect ${server.host}/silent:1\ntallyman --version\n`);
  await expect(page.getByTestId('command-stop')).toBeVisible();
  await input.press('Control+c');
  await expect(ran.nth(1)).toHaveAttribute('data-exit', '130');
  await expect(ran).toHaveCount(2);
  expect((await typed(page, 'tallyman --version')).exit).toBe(0);
});

test('a line does not push or copy to a reference to which another tab does', async ({ page, context, open, server, memory }) => {
  await putImage(server, 'locked', 'a', { os: 'linux', architecture: 'amd64' });
  const target = `${server.host}/locked:1`;
  await open('/command');
  await done(page, `docker manifest create ${target} ${server.host}/locked:a`);
  const other = await context.newPage();
  const held = [];
  await other.route(/\/v2\/locked\/manifests\/1$/, (route) => (route.request().method() === 'PUT' ? held.push(route) : route.continue()));
  await other.goto(`${memory.app}#/push/${target}`);
  await other.getByTestId('push-start').click();
  await expect.poll(() => held.length).toBe(1);
  for (const line of [`docker manifest push ${target}`, `tallyman copy ${server.host}/locked:a ${target}`]) {
    const { exit, stderr } = await typed(page, line);
    expect(exit, line).toBe(1);
    expect(stderr, line).toContain(`another push or copy to ${target} is running`);
  }
  await held[0].continue();
  await expect(other.getByTestId('pushed-digest')).toBeVisible();
  await done(page, `docker manifest push ${target}`);
});

for (const colorScheme of ['light', 'dark']) {
  test(`the command line is accessible and fits, ${colorScheme}`, async ({ page, open }) => {
    await page.emulateMedia({ colorScheme });
    await open('/command');
    await typed(page, 'docker manifest create x');
    await typed(page, 'tallyman --version');
    await expectAccessible(page);
    await page.setViewportSize({ width: 390, height: 844 });
    await expectNoSidewaysScroll(page);
    await expectAccessible(page);
  });
}
