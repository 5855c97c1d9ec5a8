// Memory of pages.

import { readFile } from 'node:fs/promises';

/** Megabytes that the process of the largest page of `browser` holds: JavaScript, WebAssembly, and the document itself. */
export async function megabytesOfPages(browser) {
  const control = await browser.newBrowserCDPSession();
  const { processInfo } = await control.send('SystemInfo.getProcessInfo');
  await control.detach();
  const renderers = processInfo.filter(({ type }) => type === 'renderer');
  const sizes = await Promise.all(
    renderers.map(async ({ id }) => {
      const status = await readFile(`/proc/${id}/status`, 'utf8').catch(() => '');
      return Number(/^RssAnon:\s*(\d+)/m.exec(status)?.[1] ?? 0) / 1000;
    }),
  );
  return Math.max(...sizes);
}
