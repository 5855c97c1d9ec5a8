export { Tallyman } from './client.js';
export type {
  CallOptions,
  CreateOptions,
  Credentials,
  InspectOptions,
  ManifestHead,
  PushOptions,
  PushProgress,
  PushResult,
  RetryEvent,
  TallymanOptions,
} from './client.js';
export type { Bytes } from './bytes.js';
export type { Descriptor } from './descriptor.js';
export { Digest } from './digest.js';
export type { ByteStream, DigestAlgorithm } from './digest.js';
export { init, initSync } from './engine.js';
export type { WasmInput } from './engine.js';
export { TallymanError } from './error.js';
export type { RegistryErrorDetail, TallymanErrorCode, TallymanErrorFields } from './error.js';
export { IndexedDbStore } from './indexed-db.js';
export { BuiltList, ManifestList, buildList } from './list.js';
export type { ListEntry, NewListEntry, PlatformChange } from './list.js';
export { Inspection, Manifest } from './manifest.js';
export type { ImageConfig, ManifestKind } from './manifest.js';
export { Platform } from './platform.js';
export { PushPlan } from './plan.js';
export type { ManifestStep, MountStep, PlanStep, TransferStep } from './plan.js';
export { Reference } from './reference.js';
export type { Fetch } from './requests.js';
export { FileStore, MemoryStore } from './store.js';
export type { EditOutcome, EntryChange, Store, StoredEntry } from './store.js';
