import { flagOf, textOf, wrongArgument } from './arguments.js';
import { descriptorJson, type Descriptor } from './descriptor.js';
import type { ListFormat, PlanOptions } from './options.js';
import type { Reference } from './reference.js';

/** The names of the options that a plan is made by. */
export const planOptionNames = ['copy', 'digestOnly', 'subject', 'artifactType'];

/** The terms of a push, as the engine reads them. */
export function termsOf({ copy = false, digestOnly = false, subject, artifactType }: PlanOptions, format?: ListFormat, subjectName?: string): string {
  flagOf(copy, 'copy');
  flagOf(digestOnly, 'digestOnly');
  if (artifactType !== undefined) textOf(artifactType, 'artifactType');
  return JSON.stringify({ copy, digestOnly, artifactType, format, subjectName, ...(subject === undefined ? {} : { subject: descriptorJson(subject) }) });
}

/** The form of a list. */
export function formatOf(format: ListFormat): ListFormat {
  if (format === 'oci' || format === 'docker') return format;
  throw wrongArgument('format', "'oci' or 'docker'", format);
}

/** `true` for a descriptor in the place of a reference. */
export const isDescriptor = (value: string | Reference | Descriptor | undefined): value is Descriptor =>
  typeof value === 'object' && value !== null && 'mediaType' in value;
