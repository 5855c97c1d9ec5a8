import type { Bytes } from './bytes.js';
import type { Annotations, Descriptor } from './descriptor.js';
import type { Digest } from './digest.js';
import type { TallymanError } from './error.js';
import type { Platform } from './platform.js';
import type { PlanStep } from './plan.js';
import type { Reference } from './reference.js';
import type { Fetch } from './requests.js';
import type { Store } from './store.js';

/** Credentials for a registry. */
export type Credentials = (
  /** A user's password, with `identityToken` as below for a registry that asks for one or the other. */
  | { username: string; password: string; identityToken?: string | undefined }
  /** User name and password as `user:password` in base64, with or without line breaks, as Docker's configuration has them, and the user name by itself. */
  | { encoded: string; username?: string | undefined; identityToken?: string | undefined }
  /** A refresh token, which the registry's token service exchanges for tokens. */
  | { identityToken: string }
  /** A token for the registry itself, sent as it is. */
  | { token: string }
) & {
  /** The time from which they are no longer taken: the callback is called again before. Milliseconds since 1970, or a date. */
  expiresAt?: Date | number | undefined;
};

/** The reason that credentials are asked for again. */
export interface CredentialRefusal {
  /** The HTTP status by which the registry, or its token service, refused those that it was given. */
  status: number;
  /** The registry's own words; empty if it has none. */
  message: string;
}

/**
 * A callback for credentials. It is called once for a registry, again when they expire, and again after a refusal, with the reason;
 * what it returns then is tried once more unless it is the same. `undefined` is for registries that are used without credentials.
 */
export type CredentialCallback = (
  registry: string,
  request: { refused?: CredentialRefusal },
) => Credentials | null | undefined | Promise<Credentials | null | undefined>;

/** A request that was answered or has failed. */
export interface RequestEvent {
  /** The method. */
  method: string;
  /** The URL. */
  url: string;
  /** The HTTP status; `undefined` if there was no response. */
  status: number | undefined;
  /** Milliseconds until the headers of the response came. */
  ms: number;
  /** Headers of the response by their names in lower case: `ratelimit-remaining`, `warning` and the like. */
  headers: Record<string, string>;
  /** The error, where there was no response. */
  error?: unknown;
}

/** A request that is made again. */
export interface RetryEvent {
  /** The error of the failed attempt. */
  error: TallymanError;
  /** Milliseconds that are waited first. */
  wait: number;
  /** Number of attempts so far. */
  attempt: number;
}

/** Options of a {@link Tallyman}. */
export interface TallymanOptions {
  /** The credentials for a registry, such as {@link dockerCredentials}. */
  credentials?: CredentialCallback | undefined;
  /**
   * Decides if credentials for a registry may be sent to a token service of another site. Without it they may not, nor where it throws or
   * returns something else, which is the `cause` of the error.
   */
  trustTokenService?: ((registry: string, realm: string) => boolean | Promise<boolean>) | undefined;
  /**
   * The registries that may speak plain HTTP or show any certificate (which browsers and your own `fetch` cannot allow): those
   * named, those that a function says, all (`true`), or none (`false`). Those on loopback may unless it is `false`. Where the function
   * throws or returns something else, requests end with that error.
   */
  insecure?: (boolean | string | Iterable<string> | ((registry: string) => boolean | undefined)) | undefined;
  /** Number of requests under way at the same time: 32 by default, which is also the maximum of one `create` or `push`. */
  concurrency?: number | undefined;
  /** Maximum number of attempts of a request that may succeed later: 4 by default. */
  attempts?: number | undefined;
  /** Milliseconds that an answer may take to begin, and that it may pause then: a minute unless said otherwise, 596 hours at most. */
  timeout?: number | undefined;
  /** The function that sends requests, for proxies, tests and other transports. */
  fetch?: Fetch | undefined;
  /** Store of lists that are not pushed yet. Without it nothing keeps them but your program. */
  store?: Store | undefined;
  /** Called for every request that is made again. Its errors change nothing. */
  onRetry?: ((event: RetryEvent) => void) | undefined;
  /** Called for every request, with its status and the response's headers: for logs and rate limits. Its errors change nothing. */
  onRequest?: ((event: RequestEvent) => void) | undefined;
}

/** Options of every call. */
export interface CallOptions {
  /** Ends the work, and its requests. */
  signal?: AbortSignal | undefined;
}

/** Options of {@link Tallyman.inspect}. */
export interface InspectOptions extends CallOptions {
  /**
   * The image of a list to inspect: `linux/arm64`. Of a platform with `osVersion` it is the image of the same build (the
   * first three numbers), the very version before others; with `osFeatures` it is one that has them.
   */
  platform?: string | Platform | undefined;
}

/** The form of a list and its images: Docker's media types or those of OCI. */
export type ListFormat = 'docker' | 'oci';

/** An order of tags: the registry's, by name, or by version, the lowest first. */
export type TagOrder = 'registry' | 'name' | 'semver';

/** The rate limit of a registry, as it names it. */
export interface RateLimit {
  /** Requests that may be made in the window. */
  limit?: number;
  /** Requests that are left. */
  remaining?: number;
  /** Length of the window in seconds. */
  seconds?: number;
  /** The address or the account that is counted. */
  source?: string;
}

/** Something that is allowed, but will surprise somebody. */
export interface Finding {
  /** A name that does not change, such as `arm-without-variant`. */
  code: string;
  /** A sentence. */
  message: string;
  /** Index of the entry that it is about; absent if it is about the whole. */
  entry?: number;
}

/** Options of {@link Tallyman.create}. */
export interface CreateOptions extends CallOptions {
  /** Read bare tags and digests as those of the list's repository: `1.0-amd64`, `sha256:…`. */
  relative?: boolean | undefined;
  /** `false` leaves out the attestations of lists in the place of images. */
  attestations?: boolean | undefined;
  /** Add to the list that the store has under this name. */
  amend?: boolean | undefined;
  /**
   * Fetch images anew that the list in the store has already, all of them where none is named. What the list says of their platforms
   * otherwise than the configs before stays.
   */
  refresh?: boolean | undefined;
  /** Take the images that a list in the place of an image points to, each by its digest. */
  flatten?: boolean | undefined;
  /** Take a list in the place of an image as it is: an entry that is a list itself. */
  nest?: boolean | undefined;
  /** Always make an OCI index. */
  oci?: boolean | undefined;
  /** Annotations of the index, which make the list an OCI index. */
  annotations?: Annotations | undefined;
  /** Take the images of these platforms alone from a list in the place of an image. */
  platforms?: Iterable<string | Platform> | undefined;
}

/** Options of {@link Tallyman.tags}. */
export interface TagsOptions extends CallOptions {
  /** Number of tags that a page may have: 1,000 by default. */
  pageSize?: number | undefined;
  /** Begin behind this tag, in the registry's order. */
  last?: string | undefined;
  /** Leave out tags that do not match. */
  match?: RegExp | undefined;
  /** The order, the registry's by default. Another one waits for all pages. */
  sort?: TagOrder | undefined;
  /** Maximum number of tags. */
  limit?: number | undefined;
  /** `false` leaves out tags that stand for a digest, such as `sha256-….sig`. */
  digestTags?: boolean | undefined;
}

/** Options of {@link Tallyman.plan}. */
export interface PlanOptions {
  /** Copy images of other registries along, which Docker refuses. */
  copy?: boolean | undefined;
  /** Put the list by its digest alone, without a tag. */
  digestOnly?: boolean | undefined;
  /** The subject of the list, which has to be an OCI index: it becomes one of the subject's referrers. */
  subject?: Descriptor | undefined;
  /** The artifact type of the list, which has to be an OCI index: a media type, such as `application/spdx+json`. */
  artifactType?: string | undefined;
}

/** Options of {@link Tallyman.convert}. */
export interface ConvertOptions extends CallOptions, PlanOptions {}

/** Progress of a push. */
export interface PushProgress {
  /**
   * A step begins, a step has succeeded, bytes of a blob have come over, or the manifest of an entry is in the target's repository.
   */
  kind: 'began' | 'done' | 'transferred' | 'copied';
  /** The step. */
  step?: PlanStep;
  /** The manifest that was copied: the target's repository and its digest. */
  reference?: string;
  /** Number of steps that have succeeded. */
  completed: number;
  /** Number of steps. */
  total: number;
  /** Bytes of blobs that have come over so far. */
  bytes: number;
}

/** Options of {@link Tallyman.push}. */
export interface PushOptions extends CallOptions, Omit<PlanOptions, 'subject'> {
  /** The subject of the list, which has to be an OCI index: a reference within its repository, or the descriptor of a manifest there. */
  subject?: string | Reference | Descriptor | undefined;
  /** Convert the list and its images. Their digests become others; the result tells what is lost. */
  format?: ListFormat | undefined;
  /** Refuse to move a tag that stands for another manifest. */
  neverOverwrite?: boolean | undefined;
  /** Called for each step. */
  onProgress?: ((progress: PushProgress) => void) | undefined;
  /** Remove the list from the store when it is pushed, unless it was changed meanwhile. */
  purge?: boolean | undefined;
  /** Further tags for the list. */
  tags?: Iterable<string> | undefined;
}

/** Result of a push. */
export interface PushResult {
  /** The name that the list was put under: with its tag, or with its digest where it has no other or `digestOnly` asks for it. */
  reference: string;
  /** The list's digest, as the registry confirmed it. */
  digest: string;
  /** The list's media type. */
  mediaType: string;
  /** The tags that stand for it now. */
  tags: string[];
  /** The parts of the list that the conversion to another form has lost, a phrase each. */
  losses: string[];
  /** The fate of the local list, with `purge`: removed from the store, or kept because the store has another one than the one that was planned. */
  localList?: 'removed' | 'kept';
}

/** Progress of a copy. */
export interface CopyProgress {
  /** The copy is planned, a step begins, a step has succeeded, bytes of a blob have come over, or a manifest is there. */
  kind: 'planned' | 'began' | 'done' | 'transferred' | 'copied';
  /** The manifest that is there. */
  reference?: string;
  /** Number of steps that have succeeded. */
  completed: number;
  /** Number of steps. */
  total: number;
  /** Bytes of blobs that have come over so far. */
  bytes: number;
  /** Bytes of blobs that may have to come over: those that the target has already do not. */
  totalBytes: number;
}

/** Options of {@link Tallyman.copy}. */
export interface CopyOptions extends CallOptions {
  /** Copy the images of a list for these platforms alone: for one the image itself, for several a list of them. */
  platforms?: Iterable<string | Platform> | undefined;
  /** Copy referrers as well: signatures, attestations, bills of materials. */
  referrers?: boolean | undefined;
  /** Copy tags that stand for the digests of what is copied, such as `sha256-….sig`, as well. */
  digestTags?: boolean | undefined;
  /** Refuse to move a tag that stands for another manifest. */
  neverOverwrite?: boolean | undefined;
  /** Called for each step. */
  onProgress?: ((progress: CopyProgress) => void) | undefined;
}

/** Options of {@link Tallyman.planCopy}. */
export interface PlanCopyOptions extends CallOptions {
  /** Copy the images of a list for these platforms alone. */
  platforms?: Iterable<string | Platform> | undefined;
}

/** Result of a copy. */
export interface CopyResult {
  /** The target's name. */
  reference: string;
  /** Digest of what was copied. */
  digest: string;
  /** Its media type. */
  mediaType: string;
  /** Its size in bytes. */
  size: number;
  /** Number of manifests that it consists of, itself among them. */
  manifests: number;
  /** Bytes of blobs that came over. */
  bytes: number;
}

/** A blob that is uploaded with an attachment. */
export interface NewBlob {
  /** Its content. */
  content: Bytes | Blob;
  /** Its media type; the attachment's artifact type unless said otherwise. */
  mediaType?: string | undefined;
  /** Its annotations, such as a file name as `org.opencontainers.image.title`. */
  annotations?: Annotations | undefined;
}

/** The options of {@link Tallyman.putBlob}. */
export interface PutBlobOptions extends CallOptions {
  /** Its media type in the descriptor that is returned. */
  mediaType?: string | undefined;
  /** The digest that the content has. It is computed all the same, beside the upload. */
  digest?: string | Digest | undefined;
}

/** An attachment for {@link Tallyman.attach}. */
export interface AttachOptions extends CallOptions {
  /** Its type: a media type, such as `application/spdx+json`. */
  artifactType: string;
  /** Its content: blobs that are uploaded, or descriptors of those that are there. */
  blobs?: Iterable<NewBlob | Descriptor> | undefined;
  /** Annotations of its manifest. */
  annotations?: Annotations | undefined;
}

/** A difference between two sequences: something that is in both, that has changed, or that only one has. */
export interface Difference {
  /** The sort of difference. */
  kind: 'same' | 'changed' | 'removed' | 'added';
  /** The descriptor on the left. */
  left?: Descriptor;
  /** The descriptor on the right. */
  right?: Descriptor;
}

/** The differences between two manifests. */
export interface Comparison {
  /** `true` if both have the same digest. */
  same: boolean;
  /** The manifest on the left. */
  left: Descriptor;
  /** The manifest on the right. */
  right: Descriptor;
  /** Entries, if both are lists: those of one platform belong together. */
  entries: Difference[];
  /** Layers, if both are images: those of one digest are the same, whatever their media types. */
  layers: Difference[];
}

/** Headers of a manifest, as the registry sends them without its content. They are not verified. */
export interface ManifestHead {
  /** The reference in its full form. */
  reference: string;
  /** The digest, where the registry tells it. */
  digest?: string;
  /** The media type, where the registry tells it. */
  mediaType?: string;
  /** The size in bytes, where the registry tells it. */
  size?: number;
}
