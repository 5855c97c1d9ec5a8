// Pages without the types of Node have `Symbol.dispose` from here.
/// <reference lib="esnext.disposable" preserve="true" />

export { Tallyman } from './client.js';
export type {
  AttachOptions,
  CallOptions,
  Comparison,
  ConvertOptions,
  CopyOptions,
  CopyProgress,
  CopyResult,
  CreateOptions,
  CredentialCallback,
  CredentialRefusal,
  Credentials,
  Difference,
  Finding,
  InspectOptions,
  ListFormat,
  ManifestHead,
  NewBlob,
  PlanCopyOptions,
  PlanOptions,
  PushOptions,
  PushProgress,
  PushResult,
  PutBlobOptions,
  RateLimit,
  RequestEvent,
  RetryEvent,
  TagOrder,
  TagsOptions,
  TallymanOptions,
} from './options.js';
export { Attestation } from './attestation.js';
export type { AttestationKind, AttestationSource } from './attestation.js';
export { dockerCredentials } from './docker-credentials.js';
export type { DockerCredentialsOptions } from './docker-credentials.js';
export { MediaType } from './media-types.js';
export type { AnnotationKey, Annotations } from './media-types.js';
export type { ByteStream } from './byte-stream.js';
export type { Bytes } from './bytes.js';
export type { Descriptor, ReadonlyDescriptor } from './descriptor.js';
export { Digest } from './digest.js';
export type { DigestAlgorithm } from './digest.js';
export { init, initSync } from './engine.js';
export type { CompiledWasm, WasmInput } from './engine.js';
export { TallymanError } from './error.js';
export type { RegistryErrorDetail, TallymanErrorCode, TallymanErrorFields } from './error.js';
export type {
  ChangesOptions,
  FileDifference,
  FileStream,
  FilesOptions,
  ImageFile,
  ImageWaste,
  InLayer,
  LayerChange,
  LayerWaste,
  LayersOptions,
  WastedPath,
} from './image-files.js';
export { IndexedDbStore } from './indexed-db.js';
export { readLayer } from './layer.js';
export type {
  DeviceEntry,
  DirectoryEntry,
  EntryFields,
  FifoEntry,
  FileEntry,
  LayerEntry,
  LayerFile,
  LayerLimits,
  LinkEntry,
  ReadLayerOptions,
} from './layer.js';
export { BuiltList, ManifestList, buildList } from './list.js';
export type { AddOptions, ListEntry, NewListEntry, PlatformChange } from './list.js';
export type {
  ApplyOptions,
  ApplyProgress,
  ApplyResult,
  DesiredImage,
  DesiredList,
  ListChange,
  ListDrift,
} from './list-file.js';
export { Inspection, Manifest } from './manifest.js';
export type { AnyInspection, AnyManifest, ImageConfig, ListPlatform, ManifestKind } from './manifest.js';
export { Platform } from './platform.js';
export { PushPlan } from './plan.js';
export type { ManifestStep, MountStep, PlanStep, TransferStep } from './plan.js';
export { Reference } from './reference.js';
export type { Fetch } from './requests.js';
export type { TreeNode, TreeRole } from './tree.js';
export { FileStore, MemoryStore } from './store.js';
export type { EditOutcome, EntryChange, RenameOutcome, Store, StoredEntry } from './store.js';
