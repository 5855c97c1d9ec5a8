import { checkNoCopy, textOf, wrongArgument } from './arguments.js';
import { Digest } from './digest.js';
import { call } from './engine.js';
import type { TallymanError } from './error.js';
import { isA } from './plain.js';

/** An image reference, read and filled in as Docker does: `alpine` is `docker.io/library/alpine:latest`. */
export class Reference {
  /** The registry's host with its port where one is named: `docker.io`, `127.0.0.1:5000`. */
  readonly registry: string;
  /** The repository: `library/alpine`. */
  readonly repository: string;
  /** The tag; absent only where there is a digest. */
  readonly tag: string | undefined;
  /** The digest, where one is named. */
  readonly digest: string | undefined;
  /** The short form that Docker shows: without `docker.io/` and `library/`. */
  readonly familiar: string;
  readonly #text: string;
  readonly #server: string;
  readonly #typed: string;

  private constructor(parts: (string | undefined)[], typed: string) {
    const [registry = '', repository = '', tag, digest, text = '', familiar = '', server = ''] = parts;
    this.registry = registry;
    this.repository = repository;
    this.tag = tag;
    this.digest = digest;
    this.familiar = familiar;
    this.#text = text;
    this.#server = server;
    this.#typed = typed;
  }

  /**
   * The host to send requests to, which is another one for Docker Hub.
   * @internal
   */
  static serverOf(reference: Reference): string {
    return reference.#server;
  }

  /**
   * The text that it was read from, which may name no tag where the reference has `latest`.
   * @internal
   */
  static typedOf(reference: Reference): string {
    return reference.#typed;
  }

  /**
   * Returns `true` for a reference that was made here.
   * @internal
   */
  static isOwn(value: unknown): value is Reference {
    return (typeof value === 'object' && value !== null && #text in value) || checkNoCopy(value, Reference);
  }

  /**
   * Reads a reference.
   * @throws {@link TallymanError} `reference-invalid`, with a sentence that says what is wrong where.
   */
  static parse(text: string | Reference): Reference {
    if (Reference.isOwn(text)) return text;
    if (typeof text !== 'string') throw wrongArgument('reference', 'a string', text);
    return new Reference(call((engine) => engine.parseReference(text)), text);
  }

  /**
   * Returns `true` if a string is a reference.
   * @throws {@link TallymanError} `not-initialized` and the like if there is no engine that could tell.
   */
  static isValid(text: string): boolean {
    try {
      Reference.parse(text);
      return true;
    } catch (error) {
      if (['argument-invalid', 'digest-invalid', 'reference-invalid'].includes((error as TallymanError).code)) return false;
      throw error;
    }
  }

  /** Registry and repository: `docker.io/library/alpine`. */
  get name(): string {
    return this.registry ? `${this.registry}/${this.repository}` : this.repository;
  }

  /** The same repository by a tag alone. */
  withTag(tag: string): Reference {
    textOf(tag, 'tag');
    return Reference.parse(`${this.name}:${tag}`);
  }

  /** The same repository by a digest alone. */
  withDigest(digest: string | Digest): Reference {
    return Reference.parse(`${this.name}@${digestText(digest)}`);
  }

  /** The same reference, tag included, pinned to a digest: `alpine:3.22@sha256:…`. */
  pin(digest: string | Digest): Reference {
    const text = digestText(digest);
    return Reference.parse(this.tag === undefined ? `${this.name}@${text}` : `${this.name}:${this.tag}@${text}`);
  }

  /** The full form: `docker.io/library/alpine:3.22@sha256:…`. */
  toString(): string {
    return this.#text;
  }

  /** The full form. */
  toJSON(): string {
    return this.#text;
  }
}

/** The text of a reference. */
export function referenceText(value: unknown, name: string): string {
  if (Reference.isOwn(value)) return value.toString();
  if (typeof value === 'string' && value) return value;
  throw wrongArgument(name, 'a reference such as ghcr.io/acme/app:1.0', value);
}

/** The text that a reference was read from, which may name no tag where the reference has `latest`. */
export const typedText = (value: unknown, name: string): string =>
  Reference.isOwn(value) ? Reference.typedOf(value) : referenceText(value, name);

const digestText = (digest: string | Digest): string => (isA(digest, Digest) ? digest.toString() : textOf(digest, 'digest'));
