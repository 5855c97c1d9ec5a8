import type { Descriptor } from '../lib/descriptor.js';
import type { AnyInspection } from '../lib/manifest.js';
import { bytes, label, platformName, repositoryOf, short } from './format.js';

type Child = Node | string | undefined;

/** An element of the class and part `name`. */
function make<K extends keyof HTMLElementTagNameMap>(tag: K, name: string, ...children: Child[]): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  if (name) {
    element.className = name;
    element.setAttribute('part', name);
  }
  element.append(...children.filter((child) => child !== undefined));
  return element;
}

function icon(path: string): SVGElement {
  const space = 'http://www.w3.org/2000/svg';
  const svg = document.createElementNS(space, 'svg');
  svg.setAttribute('viewBox', '0 0 16 16');
  svg.setAttribute('aria-hidden', 'true');
  const drawn = document.createElementNS(space, 'path');
  drawn.setAttribute('d', path);
  svg.append(drawn);
  return svg;
}

/** Heading and status around the content. */
export interface Frame {
  root: HTMLElement;
  /** Sets the level of the heading. */
  level(level: number): void;
  /** Shows a text in place of a manifest. */
  idle(text: string): void;
  loading(reference: string): void;
  loaded(inspection: AnyInspection, content: Node): void;
  failed(content: Node): void;
  /** Tells those who do not see. */
  say(text: string): void;
}

/** The frame for a reference. */
export function frame(reference: string, level: number): Frame {
  const title = make('div', 'title');
  title.setAttribute('role', 'heading');
  const setLevel = (level: number): void => title.setAttribute('aria-level', String(level));
  setLevel(level);
  title.append(...named(reference));
  const header = make('div', 'header', title);
  const body = make('div', 'body');
  const said = make('div', 'said');
  said.setAttribute('role', 'status');
  const root = make('section', 'panel', header, body, said);
  root.setAttribute('aria-label', reference ? `Manifest of ${reference}` : 'Manifest');
  const is = (busy: boolean): void => root.setAttribute('aria-busy', String(busy));
  return {
    root,
    level: setLevel,
    idle(text) {
      is(false);
      header.hidden = !reference;
      body.replaceChildren(...(text ? [make('div', 'waiting', text)] : []));
    },
    loading(wanted) {
      is(true);
      const lines = [1, 2, 3].map(() => make('div', 'skeleton'));
      body.replaceChildren(make('div', 'waiting', ...lines));
      said.textContent = `Loading ${wanted}`;
    },
    loaded(inspection, content) {
      is(false);
      title.replaceChildren(...named(inspection.reference));
      header.replaceChildren(title, ...summary(inspection));
      body.replaceChildren(content);
      const { kind, entries, layers } = inspection;
      const many = kind === 'list' ? count(entries.length, 'entry', 'entries') : count(layers.length, 'layer', 'layers');
      said.textContent = `Loaded ${inspection.reference}: ${label(inspection.mediaType)}, ${many}, digest verified.`;
    },
    failed(content) {
      is(false);
      said.textContent = '';
      body.replaceChildren(content);
    },
    say(text) {
      said.textContent = text;
    },
  };
}

function named(reference: string): (Node | string)[] {
  const repository = repositoryOf(reference);
  const rest = reference.slice(repository.length);
  return rest ? [repository, make('span', 'tag', rest)] : [repository];
}

function count(number: number, one: string, many: string): string {
  return `${number} ${number === 1 ? one : many}`;
}

function summary({ kind, mediaType, digest, bytes: raw, contentSize, platform }: AnyInspection): Node[] {
  const facts = [label(mediaType)];
  if (kind === 'image' && platform?.os) facts.push(platformName(platform));
  if (kind === 'image') facts.push(bytes(contentSize));
  facts.push(`manifest of ${bytes(raw.length)}`);
  const verified = make('span', 'verified', icon('M3 8.5l3.2 3.2L13 5'), 'Digest verified');
  verified.title = 'Computed from the bytes that came, and the same as the registry says';
  const lines = make('p', 'summary', ...facts.map((fact) => make('span', '', fact)), verified);
  return [lines, make('p', 'summary', make('span', 'digest', digest), copying(digest))];
}

function copying(text: string): HTMLElement | undefined {
  // Pages that came over plain HTTP have no clipboard.
  if (!globalThis.navigator?.clipboard) return undefined;
  const button = make('button', 'button', 'Copy digest');
  button.type = 'button';
  button.addEventListener('click', () => {
    navigator.clipboard.writeText(text).then(
      () => (button.textContent = 'Copied'),
      () => (button.textContent = 'Not allowed'),
    );
  });
  return button;
}

/** State of a list on the page, and the callbacks that fetch more of it. */
export interface ListView {
  content: Node;
  /** The images whose sizes are to be shown before they are opened. */
  sized: readonly Descriptor[];
  /** The size of an entry's image; nothing where it cannot be had. */
  size(descriptor: Descriptor, size: number | undefined): void;
  /** Returns `true` if the details of an entry have been fetched. */
  has(descriptor: Descriptor): boolean;
  /** Puts an entry's details in, or the reason that there are none. */
  open(descriptor: Descriptor, content: Node, isFailure?: boolean): void;
}

interface Row {
  size: HTMLElement;
  place: HTMLElement;
  hasDetails?: boolean;
}

/** Number of images of a list that are fetched to show their sizes. The size of another is shown when it is opened. */
const sizesMax = 32;

let numbers = 0;

/** A table of a list's entries, each of which opens. */
export function listView({ entries, platforms }: AnyInspection, select: (descriptor: Descriptor, open: boolean) => void): ListView {
  const rows = new Map<Descriptor, Row>();
  const attested = new Map(platforms.flatMap(({ descriptor, attestations }) => attestations.map((entry) => [entry, descriptor.digest])));
  const images = entries.filter((entry) => !attested.has(entry));
  const sized = images.slice(0, sizesMax);
  const body = make('tbody', '');
  for (const entry of [...images, ...attested.keys()]) {
    const size = make('td', 'number', sized.includes(entry) ? '…' : '');
    const place = make('td', '');
    place.colSpan = 3;
    const details = make('tr', 'details', place);
    details.hidden = true;
    details.id = `details-${(numbers += 1)}`;
    const of = attested.get(entry);
    const name = make('th', '', of === undefined ? opening(entry, details, select) : make('span', 'other', `attestation of ${short(of)}`));
    name.scope = 'row';
    const digest = make('td', 'wide', make('span', 'mono', short(entry.digest)));
    digest.title = entry.digest;
    body.append(make('tr', 'row', name, digest, size), details);
    rows.set(entry, { size, place });
  }
  const content = make('table', 'table', head(['Platform', '', ''], ['Digest', 'wide', ''], ['Size', 'number', '']), body);
  content.setAttribute('aria-label', 'Images in the list');
  return {
    content,
    sized,
    size(descriptor, size) {
      const row = rows.get(descriptor);
      if (row) row.size.textContent = size === undefined ? '' : bytes(size);
    },
    has: (descriptor) => rows.get(descriptor)?.hasDetails ?? false,
    open(descriptor, view, isFailure = false) {
      const row = rows.get(descriptor);
      if (!row) return;
      row.hasDetails = !isFailure;
      row.place.replaceChildren(view);
    },
  };
}

function opening(entry: Descriptor, details: HTMLElement, select: (descriptor: Descriptor, open: boolean) => void): HTMLElement {
  const platform = entry.platform ? platformName(entry.platform) : label(entry.mediaType);
  const button = make('button', 'entry', icon('M6 4l4 4-4 4'), platform);
  button.type = 'button';
  button.setAttribute('aria-expanded', 'false');
  button.setAttribute('aria-controls', details.id);
  button.addEventListener('click', () => {
    details.hidden = !details.hidden;
    button.setAttribute('aria-expanded', String(!details.hidden));
    select(entry, !details.hidden);
  });
  return button;
}

function head(...columns: [string, string, string][]): HTMLElement {
  const cells = columns.map(([title, name]) => {
    const cell = make('th', name, title);
    cell.scope = 'col';
    return cell;
  });
  return make('thead', '', make('tr', '', ...cells));
}

/** The words of a command, which some configs have as one text. */
const words = (command: string[] | null | undefined): string => [command].flat().join(' ');

/** Returns the parts of an image: platform, config and layers. */
export function imageView(inspection: AnyInspection): Node {
  const { config, layers, manifest } = inspection;
  const all = document.createDocumentFragment();
  const run = config?.config;
  const facts: [string, string | undefined][] = [
    ['Type', manifest.artifactType],
    ['Platform', inspection.platform?.os ? platformName(inspection.platform) : undefined],
    ['Created', config?.created ? new Date(config.created).toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'short' }) : undefined],
    ['Entrypoint', words(run?.Entrypoint)],
    ['Command', words(run?.Cmd)],
    ['User', run?.User],
    ['Size', inspection.kind === 'image' ? bytes(inspection.contentSize) : undefined],
  ];
  const known = facts.filter((fact): fact is [string, string] => Boolean(fact[1]));
  if (known.length > 0) all.append(make('dl', 'facts', ...known.flatMap(([name, value]) => [make('dt', '', name), make('dd', '', value)])));
  if (layers.length === 0) return all;
  const largest = Math.max(...layers.map(({ size }) => size), 1);
  const rows = layers.map(({ digest, size, mediaType }, at) => {
    const bar = make('span', 'bar');
    bar.style.setProperty('--share', String(size / largest));
    const name = make('th', 'mono', short(digest));
    name.scope = 'row';
    name.title = digest;
    const share = make('td', 'wide', bar);
    share.setAttribute('aria-hidden', 'true');
    return make('tr', 'layer', make('td', 'number', String(at + 1)), name, make('td', 'wide', label(mediaType)), share, make('td', 'number', bytes(size)));
  });
  const columns = head(['#', 'number', ''], ['Layer', '', ''], ['Type', 'wide', ''], ['', 'wide', ''], ['Size', 'number', '']);
  columns.querySelector('th:nth-child(4)')?.setAttribute('aria-hidden', 'true');
  all.append(make('table', 'layers', make('caption', '', count(layers.length, 'layer', 'layers')), columns, make('tbody', '', ...rows)));
  return all;
}

/** A failure, and a way to try again where there is one. */
export function failure(error: unknown, again: (() => void) | undefined): Node {
  const { code, message } = error as { code?: string; message?: string };
  const box = make('div', 'error', make('strong', '', 'This could not be loaded'), make('p', '', message ?? String(error)));
  box.setAttribute('role', 'alert');
  if (code) box.dataset.code = code;
  if (again) {
    const button = make('button', 'button', 'Try again');
    button.type = 'button';
    button.addEventListener('click', again);
    box.append(button);
  }
  return box;
}
