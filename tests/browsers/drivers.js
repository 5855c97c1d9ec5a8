// Firefox and WebKit, driven alike: what the stories do with a page, whichever browser shows it.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';

import puppeteer from 'puppeteer-core';
import { Builder, By, Capabilities, Key } from 'selenium-webdriver';

import { freePort } from '../e2e/servers.js';

/** Milliseconds that something may take to show. */
const TIMEOUT = 20_000;

/** A page of a browser. The driver's own way of doing each thing is the subclass's. */
class Page {
  /** Waits until `find`, run in the page with `args`, returns something true, and returns it. */
  async until(what, find, ...args) {
    const end = Date.now() + TIMEOUT;
    for (;;) {
      const found = await this.run(find, ...args);
      if (found) return found;
      if (Date.now() > end) throw new Error(`expected ${what}, found ${await this.run(() => document.body.innerText.slice(0, 1500))}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  /** Waits until an element is seen, and returns its text and its data attributes. */
  see(selector) {
    return this.until(selector, (selector) => {
      const element = [...document.querySelectorAll(selector)].find((element) => element.checkVisibility());
      return element && { text: element.textContent, ...element.dataset };
    }, selector);
  }

  /** Waits until `selector` selects so many elements. */
  count(selector, count) {
    return this.until(`${count} of ${selector}`, (selector, count) => document.querySelectorAll(selector).length === count, selector, count);
  }

  /** Replaces the text of a field. */
  async fill(selector, text) {
    await this.see(selector);
    await this.run((selector) => {
      const field = document.querySelector(selector);
      field.focus();
      field.select();
    }, selector);
    await this.type(selector, text);
  }
}

class BidiPage extends Page {
  constructor(page) {
    super();
    this.page = page;
  }
  goto = (url) => this.page.goto(url);
  reload = () => this.page.reload();
  run = (script, ...args) => this.page.evaluate(script, ...args);
  type = (selector, text) => this.page.keyboard.type(text);
  press = (key) => this.page.keyboard.press(key);
  close = () => this.page.close();
  async click(selector) {
    await this.see(selector);
    await this.page.locator(selector).setTimeout(TIMEOUT).click();
  }
}

/** A tab of a WebDriver session, which shows one at a time. */
class WebDriverPage extends Page {
  constructor(driver, handle) {
    super();
    this.driver = driver;
    this.handle = handle;
  }
  async #driver() {
    await this.driver.switchTo().window(this.handle);
    return this.driver;
  }
  goto = async (url) => (await this.#driver()).get(url);
  reload = async () => (await this.#driver()).navigate().refresh();
  run = async (script, ...args) => (await this.#driver()).executeScript(`return (${script})(...arguments)`, ...args);
  type = async (selector, text) => (await this.#driver()).findElement(By.css(selector)).sendKeys(text);
  press = async (key) => (await this.#driver()).switchTo().activeElement().sendKeys(Key[key.toUpperCase()]);
  close = async () => (await this.#driver()).close();
  async click(selector) {
    await this.see(selector);
    await this.run((selector) => document.querySelector(selector).scrollIntoView({ block: 'center' }), selector);
    await (await this.#driver()).findElement(By.css(selector)).click();
  }
}

/** Firefox, with these preferences. */
async function startFirefox(preferences = {}) {
  const executablePath = process.env.FIREFOX ?? '/usr/bin/firefox-esr';
  const browser = await puppeteer.launch({ browser: 'firefox', executablePath, headless: true, extraPrefsFirefox: { 'intl.accept_languages': 'en-GB', ...preferences } });
  return { open: async () => new BidiPage(await browser.newPage()), stop: () => browser.close() };
}

/** WebKit's own small browser, on a display of its own. */
async function startWebKit() {
  const display = spawn('Xvfb', ['-displayfd', '3', '-screen', '0', '1280x900x24', '-nolisten', 'tcp'], { stdio: ['ignore', 'ignore', 'ignore', 'pipe'] });
  const [number] = await once(display.stdio[3], 'data');
  // Without a graphics card, and inside of containers, where its sandbox has nothing to build on.
  const where = { DISPLAY: `:${String(number).trim()}`, LIBGL_ALWAYS_SOFTWARE: '1', WEBKIT_DISABLE_COMPOSITING_MODE: '1', WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS: '1', LANGUAGE: 'en_GB' };
  const port = await freePort();
  const server = spawn('WebKitWebDriver', [`--port=${port}`], { stdio: 'ignore', env: { ...process.env, ...where } });
  const options = { binary: miniBrowser(), args: ['--automation'] };
  const build = () => new Builder().usingServer(`http://127.0.0.1:${port}`).withCapabilities(new Capabilities({ browserName: 'MiniBrowser', 'webkitgtk:browserOptions': options })).build();
  const driver = await answers(`http://127.0.0.1:${port}/status`).then(build);
  // The session ends with its last tab: the first one stays.
  const first = await driver.getWindowHandle();
  return {
    async open() {
      await driver.switchTo().window(first);
      await driver.switchTo().newWindow('window');
      return new WebDriverPage(driver, await driver.getWindowHandle());
    },
    async stop() {
      await driver.quit().catch(() => undefined);
      const ended = [once(server, 'exit'), once(display, 'exit')];
      server.kill();
      display.kill();
      await Promise.all(ended);
    },
  };
}

/** The program that Debian keeps beside its library. */
function miniBrowser() {
  const libraries = `/usr/lib/${{ x64: 'x86_64', arm64: 'aarch64' }[process.arch]}-linux-gnu`;
  const folders = existsSync(libraries) ? readdirSync(libraries).filter((name) => name.startsWith('webkit2gtk-')) : [];
  return folders.map((name) => `${libraries}/${name}/MiniBrowser`).find(existsSync);
}

async function answers(url) {
  for (let tries = 0; tries < 200; tries++) {
    if (await fetch(url).then(({ ok }) => ok, () => false)) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`expected an answer from ${url}, found none`);
}

/** The browsers: name, start, and the preferences that make a private window and refuse storage, where automation has such. */
export const browsers = [
  { name: 'Firefox', start: startFirefox, isThere: () => existsSync(process.env.FIREFOX ?? '/usr/bin/firefox-esr'), private: { 'browser.privatebrowsing.autostart': true }, refusing: { 'network.cookie.cookieBehavior': 2 } },
  // Automation keeps what WebKit stores in memory, as its private windows do: there is no other kind to start.
  { name: 'WebKit', start: startWebKit, isThere: () => miniBrowser() !== undefined && ['Xvfb', 'WebKitWebDriver'].every((program) => existsSync(`/usr/bin/${program}`)) },
];
