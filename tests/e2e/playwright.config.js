import { existsSync } from 'node:fs';
import { defineConfig } from '@playwright/test';

const chromium = process.env.CHROMIUM ?? '/usr/bin/chromium';
// The same browser without a window, which takes two thirds of the time.
const withoutWindow = '/usr/bin/chromium-headless-shell';
const quickest = !process.env.CHROMIUM && existsSync(withoutWindow) ? withoutWindow : chromium;
const launchOptions = {
  executablePath: chromium,
  args: [
    '--no-sandbox',
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
  ],
};

export default defineConfig({
  testDir: '.',
  outputDir: '../../target/e2e',
  forbidOnly: true,
  retries: 0,
  timeout: 30_000,
  expect: { timeout: 10_000 },
  reporter: [['list'], ['json', { outputFile: process.env.PLAYWRIGHT_JSON_OUTPUT_FILE ?? '../../target/e2e.json' }]],
  projects: [
    // The pages of images once more, in the whole browser, with the app from nginx as an operator would set it up, under its
    // strict policy; and one way there through the explorer, which behaves the same from every server. They come first: the tests
    // of a file run one after another, and a long file at the end would keep one worker busy and no other.
    {
      name: 'served by nginx',
      testMatch: ['inspect.spec.js', 'explore.spec.js'],
      grep: /inspect\.spec\.js|from a registry to a repository/,
      // How the app looks and which registry it asks is the same from every server, too.
      grepInvert: /accessible, no sideways scroll|on (CNCF )?distribution/i,
      use: { served: 'nginx' },
    },
    { name: 'app', use: { launchOptions: { ...launchOptions, executablePath: quickest } } },
  ],
  use: {
    viewport: { width: 1280, height: 800 },
    locale: 'en-GB',
    timezoneId: 'UTC',
    // The tests of the installed app allow them.
    serviceWorkers: 'block',
    launchOptions,
  },
});
