import { flagOf, textOf, wrongArgument } from './arguments.js';
import { descriptorJson, type Descriptor } from './descriptor.js';
import { call } from './engine.js';
import { reading } from './error.js';
import type { ManifestList } from './list.js';
import type { ListFormat, PlanOptions } from './options.js';
import { referenceText, type Reference } from './reference.js';

/** The names of the options that a plan is made by. */
export const planOptionNames = ['copy', 'digestOnly', 'subject', 'artifactType'];

/** The terms of a push, as the engine reads them. */
export function termsOf({ copy = false, digestOnly = false, subject, artifactType }: PlanOptions, format?: ListFormat): string {
  flagOf(copy, 'copy');
  flagOf(digestOnly, 'digestOnly');
  if (artifactType !== undefined) textOf(artifactType, 'artifactType');
  return JSON.stringify({ copy, digestOnly, artifactType, format, ...(subject === undefined ? {} : { subject: descriptorJson(subject) }) });
}

/**
 * Checks that a subject is in the repository of the list: one that is named, or a descriptor that says where its manifest is. A push brings
 * the list's entries there.
 */
export function checkSubject(subject: string | Reference | (Descriptor & { reference?: string }) | undefined, list: ManifestList): void {
  const { reference: named, digest: own } = isDescriptor(subject) ? reading('the fields of subject', () => ({ ...subject })) : { reference: subject };
  if (named === undefined || list.entries.some(({ digest }) => digest === own)) return;
  const text = referenceText(named, 'subject');
  call((engine) => engine.checkSubject(text, list.reference));
}

/** The form of a list. */
export function formatOf(format: ListFormat): ListFormat {
  if (format === 'oci' || format === 'docker') return format;
  throw wrongArgument('format', "'oci' or 'docker'", format);
}

/** `true` for a descriptor in the place of a reference. */
export const isDescriptor = <D extends Descriptor>(value: string | Reference | D | undefined): value is D =>
  typeof value === 'object' && value !== null && reading('the fields of a descriptor', () => 'mediaType' in value);
