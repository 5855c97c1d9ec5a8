import { Tallyman, type AnyInspection } from 'tallyman';

export const inspected: Promise<AnyInspection> = new Tallyman().inspect('alpine');
