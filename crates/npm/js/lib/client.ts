import type { Plan } from '../dist/tallyman.js';
import { elementsOf, flagOf, functionOf, listOf, numberOf, optionsOf, textOf, wrongArgument } from './arguments.js';
import { Attestation, type AttestationJson } from './attestation.js';
import { asBytes, copyOf, viewOf, type Bytes } from './bytes.js';
import { streamFrom } from './byte-stream.js';
import { EngineCalls } from './calls.js';
import { comparisonOf, type ComparisonJson } from './comparison.js';
import { annotationsJson, descriptorJson, descriptorOf, type Descriptor, type DescriptorJson } from './descriptor.js';
import { Digest } from './digest.js';
import { call, preloadClient } from './engine.js';
import { TallymanError, reading } from './error.js';
import { continued } from './gunzip.js';
import { checked, notify } from './host.js';
import {
  changesOf,
  comparisonTerms,
  fileOf,
  filesOf,
  imageTerms,
  layerChangesOf,
  layeredImage,
  wasteOf,
  type ChangesOptions,
  type FileDifference,
  type FileStream,
  type FilesOptions,
  type ImageFile,
  type ImageSource,
  type ImageWaste,
  type LayerChange,
  type LayersOptions,
} from './image-files.js';
import { ManifestList } from './list.js';
import { desiredJson, type ApplyOptions, type ApplyProgress, type ApplyResult, type DesiredList } from './list-file.js';
import { Inspection, Manifest, type AnyInspection, type AnyManifest, type InspectionAnswer } from './manifest.js';
import type {
  AttachOptions,
  CallOptions,
  Comparison,
  ConvertOptions,
  CopyOptions,
  CopyProgress,
  CopyResult,
  CreateOptions,
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
  TagOrder,
  TagsOptions,
  TallymanOptions,
} from './options.js';
import { platformText, type Platform } from './platform.js';
import { chosen, first, isMatch } from './name-filters.js';
import { isA, tagOf } from './plain.js';
import { PushPlan } from './plan.js';
import { checkSubject, formatOf, isDescriptor, planOptionNames, termsOf } from './push-terms.js';
import { Reference, referenceText, typedText } from './reference.js';
import { sendable, sentWhileHashed } from './sent-content.js';
import { sideBySide } from './side-by-side.js';
import { treeOf, type TreeNode, type TreeNodeJson } from './tree.js';

/** The blobs of an attachment that are hashed and sent at the same time. */
const mostBlobs = 3;
/** The bytes that a blob may have to be read as a whole: the engine's own limit. */
const mostBytes = 64 * 1024 * 1024;
const createFlags = ['amend', 'refresh', 'flatten', 'nest', 'oci', 'relative', 'attestations'] as const;
const copyFlags = ['referrers', 'digestTags', 'neverOverwrite'] as const;
const tagOrders = ['registry', 'name', 'semver'];

/** A client of any number of registries. */
export class Tallyman {
  readonly #calls: EngineCalls;

  /**
   * Creates a client. The first call sends the first request.
   * @throws {@link TallymanError} `argument-invalid` if an option is of the wrong kind.
   */
  constructor(options: TallymanOptions = {}) {
    this.#calls = new EngineCalls(checked(options));
    preloadClient();
  }

  /**
   * Reads an image with its platform and config, or a list with its entries. For a reference with tag and digest, the tag is requested
   * and the digest verified, as Docker does.
   */
  async inspect(reference: string | Reference, options: InspectOptions = {}): Promise<AnyInspection> {
    const { platform, signal } = optionsOf(options, ['platform', 'signal']);
    const answer = await this.#inspect(referenceText(reference, 'reference'), platformText(platform), false, signal);
    return Inspection.of(answer) as AnyInspection;
  }

  /** The manifest alone: one request. */
  async manifest(reference: string | Reference, options: InspectOptions = {}): Promise<AnyManifest> {
    const { platform, signal } = optionsOf(options, ['platform', 'signal']);
    const answer = await this.#inspect(referenceText(reference, 'reference'), platformText(platform), true, signal);
    return Inspection.of(answer).manifest as AnyManifest;
  }

  /** Returns the headers of a manifest without its content. */
  async head(reference: string | Reference, options: CallOptions = {}): Promise<ManifestHead> {
    const { signal } = optionsOf(options, ['signal']);
    const text = referenceText(reference, 'reference');
    this.#calls.preconnect(reference, 1);
    return JSON.parse(await this.#calls.run(signal, (engine, aborted) => engine.head(text, aborted))) as ManifestHead;
  }

  /**
   * The descriptor of what a reference names, always with its digest: by one request without a body where the registry tells all of
   * it. With a platform, of a list that of the image for it.
   */
  async resolve(reference: string | Reference, options: InspectOptions = {}): Promise<Descriptor> {
    const { platform, signal } = optionsOf(options, ['platform', 'signal']);
    const text = referenceText(reference, 'reference');
    const wanted = platformText(platform);
    this.#calls.preconnect(reference, 1);
    return readDescriptor(await this.#calls.run(signal, (engine, aborted) => engine.resolve(text, wanted, aborted)));
  }

  /**
   * The tags of a repository, as they come, in the registry's order.
   * @throws {@link TallymanError} `reference-invalid` if the repository was written with a tag or a digest.
   */
  tags(repository: string | Reference, options: TagsOptions = {}): AsyncGenerator<string, void, undefined> {
    const known = ['pageSize', 'last', 'match', 'sort', 'limit', 'digestTags', 'signal'];
    const { pageSize, last, match, sort = 'registry', limit, digestTags = true, signal } = optionsOf(options, known);
    const text = typedText(repository, 'repository');
    if (pageSize !== undefined) numberOf(pageSize, 'pageSize', 1);
    if (limit !== undefined) numberOf(limit, 'limit', 1);
    if (!tagOrders.includes(sort)) throw wrongArgument('sort', `one of ${tagOrders.join(', ')}`, sort);
    flagOf(digestTags, 'digestTags');
    if (last !== undefined) textOf(last, 'last');
    if (match !== undefined && tagOf(match) !== '[object RegExp]') throw wrongArgument('match', 'a regular expression', match);
    const names = this.#calls.names((engine) => engine.tags(text, pageSize, last), signal);
    const ofDigests = digestTags ? names : chosen(names, (tag) => !call((engine) => engine.isDigestTag(tag)));
    // One of its own, whose place nobody else changes.
    const pattern = match && new RegExp(match);
    const found = pattern ? chosen(ofDigests, (tag) => isMatch(pattern, tag)) : ofDigests;
    const inOrder = sort === 'registry' ? found : this.#sorted(found, sort, signal);
    return limit === undefined ? inOrder : first(inOrder, limit);
  }

  /** The repositories of a registry, as they come. Many registries do not offer a catalog. */
  catalog(registry: string, options: CallOptions = {}): AsyncGenerator<string, void, undefined> {
    const { signal } = optionsOf(options, ['signal']);
    const text = textOf(registry, 'registry');
    return this.#calls.names((engine) => engine.catalog(text), signal);
  }

  /**
   * A blob of a repository as a stream that is verified: it ends in an error where size or digest are not those promised. What came
   * before that is not to be trusted until the end has come.
   */
  async blob(
    repository: string | Reference,
    blob?: string | Digest | Pick<Descriptor, 'digest' | 'size'>,
    options: CallOptions = {},
  ): Promise<ReadableStream<Uint8Array<ArrayBuffer>>> {
    const { signal } = optionsOf(options, ['signal']);
    const text = referenceText(repository, 'repository');
    const named = isA(blob, Digest) ? blob.toString() : blob;
    if (named === null || (named !== undefined && typeof named !== 'string' && typeof named !== 'object')) {
      throw wrongArgument('blob', 'a digest or a descriptor', blob);
    }
    const { digest, size } = typeof named === 'object' ? reading('the fields of blob', () => ({ digest: named.digest, size: named.size })) : { digest: named ?? Reference.parse(repository).digest, size: undefined };
    if (digest !== undefined) textOf(digest, 'digest');
    if (size !== undefined && !(Number.isSafeInteger(size) && size >= 0)) throw wrongArgument('size', 'a whole number of bytes', size);
    if (digest === undefined) {
      throw new TallymanError({ code: 'argument-invalid', message: `expected the digest of a blob in ${String(repository)}, found none` });
    }
    const pieces = this.#calls.items<Uint8Array<ArrayBuffer>>((engine) => engine.blob(text, digest, size), signal);
    const first = await pieces.next();
    return streamFrom(first ? continued(first, pieces) : pieces, signal);
  }

  /**
   * The files of an image, by their paths, whiteouts applied; with `layer` the entries of that layer, as they come from the registry.
   * A hard link has mode, owner and time of its file, and is a `file` if a later layer hides what it names. Nothing is unpacked: layers
   * are read as they stream, and verified. Leaving the loop ends the requests.
   */
  files(reference: string | Reference, options: FilesOptions = {}): AsyncGenerator<ImageFile, void, undefined> {
    return filesOf(this.#images, imageTerms(referenceText(reference, 'reference'), options, ['layer', 'path']));
  }

  /**
   * The content of a file of an image as a stream, with the file's metadata. Links are followed as in a container. It is verified at its
   * end, when the rest of the layer has been read: what came before that is not to be trusted until then.
   */
  async file(reference: string | Reference, path: string, options: LayersOptions = {}): Promise<FileStream> {
    return fileOf(this.#images, textOf(path, 'path'), imageTerms(referenceText(reference, 'reference'), options, []));
  }

  /** The paths that the layers of an image add, change and remove, the lowest layer first; with `layer` those of that one. */
  layerChanges(reference: string | Reference, options: Omit<FilesOptions, 'path'> = {}): AsyncGenerator<LayerChange, void, undefined> {
    return layerChangesOf(this.#images, imageTerms(referenceText(reference, 'reference'), options, ['layer']));
  }

  /**
   * The paths that differ between two images, or between the images for two platforms of a list. Files are compared by their content;
   * times do not count.
   */
  changes(before: string | Reference, after: string | Reference, options: ChangesOptions = {}): AsyncGenerator<FileDifference, void, undefined> {
    return changesOf(this.#images, comparisonTerms([referenceText(before, 'before'), referenceText(after, 'after')], options));
  }

  /** The bytes that layers of an image write and later ones replace or remove, with the efficiency that dive shows. */
  async waste(reference: string | Reference, options: LayersOptions = {}): Promise<ImageWaste> {
    return wasteOf(this.#images, imageTerms(referenceText(reference, 'reference'), options, []));
  }

  /** Returns the referrers of a manifest: signatures, attestations, bills of materials. */
  async referrers(
    reference: string | Reference,
    options: CallOptions & { artifactType?: string | undefined } = {},
  ): Promise<Descriptor[]> {
    const { artifactType, signal } = optionsOf(options, ['artifactType', 'signal']);
    if (artifactType !== undefined) textOf(artifactType, 'artifactType');
    const text = referenceText(reference, 'reference');
    const found = await this.#calls.run(signal, (engine, aborted) => engine.referrers(text, artifactType, aborted));
    return (JSON.parse(found) as DescriptorJson[]).map(descriptorOf);
  }

  /**
   * Returns the attestations of an image, wherever they are kept: BuildKit's in the list, referrers, and the tags of cosign. With a
   * platform, those of the list and of the image for it.
   */
  async attestations(reference: string | Reference, options: InspectOptions = {}): Promise<Attestation[]> {
    const { platform, signal } = optionsOf(options, ['platform', 'signal']);
    const text = referenceText(reference, 'reference');
    const wanted = platformText(platform);
    const found = await this.#calls.run(signal, (engine, aborted) => engine.attestations(text, wanted, aborted));
    const { name } = Reference.parse(reference);
    const read = (blob: Descriptor, { signal }: CallOptions): Promise<Uint8Array> => this.#bytes(name, blob, signal);
    return (JSON.parse(found) as AttestationJson[]).map((json) => new Attestation(json, read));
  }

  /** Returns the differences between two manifests; with a platform, between the images for it. */
  async diff(left: string | Reference, right: string | Reference, options: InspectOptions = {}): Promise<Comparison> {
    const { platform, signal } = optionsOf(options, ['platform', 'signal']);
    const [from, to] = [referenceText(left, 'left'), referenceText(right, 'right')];
    const wanted = platformText(platform);
    const found = JSON.parse(await this.#calls.extra(signal, (engine, aborted) => engine.diff(from, to, wanted, aborted))) as ComparisonJson;
    return comparisonOf(found);
  }

  /**
   * All that is below a manifest: entries of lists, configs, layers, and what refers to each manifest. With a platform, of a list what
   * is below the image for it.
   */
  async tree(reference: string | Reference, options: InspectOptions = {}): Promise<TreeNode> {
    const { platform, signal } = optionsOf(options, ['platform', 'signal']);
    const text = referenceText(reference, 'reference');
    const wanted = platformText(platform);
    return treeOf(JSON.parse(await this.#calls.extra(signal, (engine, aborted) => engine.tree(text, wanted, aborted))) as TreeNodeJson);
  }

  /** Returns what is allowed in an image or a list, but will surprise somebody: all manifests and configs are looked at. */
  async findings(reference: string | Reference, options: CallOptions = {}): Promise<Finding[]> {
    const { signal } = optionsOf(options, ['signal']);
    const text = referenceText(reference, 'reference');
    return JSON.parse(await this.#calls.extra(signal, (engine, aborted) => engine.findings(text, aborted))) as Finding[];
  }

  /** Returns the rate limit that the registry of an image names, by a request that Docker Hub does not count; `undefined` if none. */
  async rateLimit(reference: string | Reference, options: CallOptions = {}): Promise<RateLimit | undefined> {
    const { signal } = optionsOf(options, ['signal']);
    const text = referenceText(reference, 'reference');
    const found = (await this.#calls.run(signal, (engine, aborted) => engine.rateLimit(text, aborted))) as string | undefined;
    return found === undefined ? undefined : (JSON.parse(found) as RateLimit);
  }

  /** Returns the plan of a copy, for which source and target are looked at; `undefined` if the target is that already. */
  async planCopy(source: string | Reference, target: string | Reference, options: PlanCopyOptions = {}): Promise<PushPlan | undefined> {
    const { platforms, signal } = optionsOf(options, ['platforms', 'signal']);
    const [from, to] = [referenceText(source, 'source'), referenceText(target, 'target')];
    const wanted = platformTexts(platforms);
    const plan = (await this.#calls.run(signal, (engine, aborted) => engine.planCopy(from, to, wanted, aborted))) as Plan | undefined;
    return plan && new PushPlan(plan);
  }

  /**
   * Copies an image or a list with all that it points to, within a registry or from one to another: what is there already is not sent
   * again, the rest is mounted or streamed, and verified.
   */
  async copy(source: string | Reference, target: string | Reference, options: CopyOptions = {}): Promise<CopyResult> {
    const { platforms, onProgress, signal, ...flags } = optionsOf(options, ['platforms', 'onProgress', 'signal', ...copyFlags]);
    const [from, to] = [referenceText(source, 'source'), referenceText(target, 'target')];
    for (const name of copyFlags) if (flags[name] !== undefined) flagOf(flags[name], name);
    functionOf(onProgress, 'onProgress');
    const terms = JSON.stringify({ ...flags, platforms: platformTexts(platforms) });
    this.#calls.preconnect(source, 1);
    const progress: Omit<CopyProgress, 'kind'> = { completed: 0, total: 0, bytes: 0, totalBytes: 0 };
    const tell = (kind: CopyProgress['kind'], number: number | undefined, reference: string | undefined, bytes: number | undefined): void => {
      if (kind === 'planned') Object.assign(progress, { total: number, totalBytes: bytes });
      if (kind === 'done') progress.completed += 1;
      if (kind === 'transferred') progress.bytes += bytes ?? 0;
      notify(onProgress, { kind, ...progress, ...(reference ? { reference } : {}) });
    };
    return JSON.parse(await this.#calls.run(signal, (engine, aborted) => engine.copy(from, to, terms, tell, aborted))) as CopyResult;
  }

  /** Puts what a reference names under further tags of its repository, without a transfer, and returns its descriptor. */
  async tag(reference: string | Reference, tags: string | Iterable<string>, options: CallOptions = {}): Promise<Descriptor> {
    const { signal } = optionsOf(options, ['signal']);
    const text = referenceText(reference, 'reference');
    const names = tagsOf(tags);
    return readDescriptor(await this.#calls.run(signal, (engine, aborted) => engine.tag(text, names, aborted)));
  }

  /**
   * Deletes a tag alone; what it stands for stays. Registries that delete manifests alone refuse it.
   * @throws {@link TallymanError} `tag-needed` if the reference was written without a tag, or with a digest.
   */
  async untag(reference: string | Reference, options: CallOptions = {}): Promise<void> {
    const { signal } = optionsOf(options, ['signal']);
    const text = typedText(reference, 'reference');
    await this.#calls.run(signal, (engine, aborted) => engine.untag(text, aborted));
  }

  /**
   * Uploads a blob into a repository unless it is there, and returns its descriptor. The bytes are sent from where they are: they must not
   * change until it has ended. With a `digest`, such as a file of an OCI layout has as its name, they are hashed while they are sent, and
   * bytes of another digest are refused.
   */
  async putBlob(repository: string | Reference, content: Bytes | Blob, options: PutBlobOptions = {}): Promise<Descriptor> {
    const { mediaType = 'application/octet-stream', digest: given, signal } = optionsOf(options, ['mediaType', 'digest', 'signal']);
    const text = referenceText(repository, 'repository');
    textOf(mediaType, 'mediaType');
    const expected = given === undefined ? undefined : Digest.parse(given);
    const sent = sendable(content, expected?.algorithm ?? 'sha256');
    const put = (digest: string, signal: AbortSignal | undefined): Promise<void> =>
      this.#calls.run(signal, (engine, aborted) => {
        // A buffer may have been transferred meanwhile.
        viewOf(sent.body);
        return engine.putBlob(text, digest, sent.body, aborted);
      });
    const digest = expected?.toString() ?? (await sent.digest(signal));
    await (expected ? sentWhileHashed(text, digest, sent, signal, (signal) => put(digest, signal)) : put(digest, signal));
    return { mediaType, digest, size: sent.size };
  }

  /**
   * Puts a manifest as its bytes are, and returns its descriptor. What it points to has to be there. Without `mediaType` it is the one
   * that the bytes name.
   */
  async putManifest(
    reference: string | Reference,
    manifest: Manifest | Bytes,
    options: CallOptions & { mediaType?: string | undefined } = {},
  ): Promise<Descriptor> {
    const { mediaType = isA(manifest, Manifest) ? manifest.mediaType : '', signal } = optionsOf(options, ['mediaType', 'signal']);
    const text = referenceText(reference, 'reference');
    if (typeof mediaType !== 'string') throw wrongArgument('mediaType', 'a string', mediaType);
    // They may be changed meanwhile.
    const bytes = copyOf(isA(manifest, Manifest) ? manifest.bytes : manifest);
    return readDescriptor(await this.#calls.run(signal, (engine, aborted) => engine.putManifest(text, bytes, mediaType, aborted)));
  }

  /**
   * Attaches content to a manifest: a signature, an attestation, a bill of materials. It becomes one of the manifest's referrers, also
   * in registries that do not list them. Returns the descriptor of the attachment.
   */
  async attach(subject: string | Reference, options: AttachOptions): Promise<Descriptor> {
    const { artifactType, blobs = [], annotations, signal } = optionsOf(options, ['artifactType', 'blobs', 'annotations', 'signal']);
    const text = referenceText(subject, 'subject');
    textOf(artifactType, 'artifactType');
    const given = elementsOf(blobs, 'blobs').map((blob) => blobOf(blob, artifactType));
    const attached = annotations === undefined ? {} : annotationsJson(annotations);
    const { name } = Reference.parse(subject);
    // Nothing is uploaded for a subject that is not there.
    if (given.some((blob) => 'content' in blob)) await this.resolve(text, { signal });
    const put = async (blob: NewBlob | DescriptorJson, signal: AbortSignal): Promise<DescriptorJson> => {
      if (!('content' in blob)) return blob;
      const { content, mediaType, annotations } = blob;
      const put = await this.putBlob(name, content, { mediaType, signal });
      return descriptorJson({ ...put, ...(annotations ? { annotations } : {}) });
    };
    const content = await sideBySide(given, mostBlobs, signal, put);
    const attachment = JSON.stringify({ artifactType, blobs: content, annotations: attached });
    return readDescriptor(await this.#calls.run(signal, (engine, aborted) => engine.attach(text, attachment, aborted)));
  }

  /**
   * Deletes a manifest from its registry with every tag on it, by its digest alone; {@link Tallyman.untag} deletes a tag.
   * @throws {@link TallymanError} `digest-needed` if the reference names no digest, or a tag beside it.
   */
  async delete(reference: string | Reference, options: CallOptions = {}): Promise<void> {
    const { signal } = optionsOf(options, ['signal']);
    const text = referenceText(reference, 'reference');
    await this.#calls.run(signal, (engine, aborted) => engine.delete(text, aborted));
  }

  /**
   * Makes a list of images: each is fetched and its platform read. A descriptor in the place of a name is a manifest of the list's
   * repository, with what its entry says. All or nothing. Where there is a store the list is kept there, and
   * one that is there already is refused unless `amend` is set.
   */
  async create(
    list: string | Reference,
    images: Iterable<string | Reference | Descriptor>,
    options: CreateOptions = {},
  ): Promise<ManifestList> {
    const { annotations, platforms, signal, ...flags } = optionsOf(options, [...createFlags, 'annotations', 'platforms', 'signal']);
    for (const name of createFlags) if (flags[name] !== undefined) flagOf(flags[name], name);
    const text = referenceText(list, 'list');
    const given = listOf(images, 'images');
    const described = given.filter(isDescriptor).map((descriptor) => ownJson(descriptor, list));
    const named = given.filter((image) => !isDescriptor(image)).map((image) => referenceText(image, 'image'));
    const wanted = { platforms: platformTexts(platforms), annotations: annotations === undefined ? {} : annotationsJson(annotations) };
    const terms = JSON.stringify({ ...flags, ...wanted, described });
    if (named[0] !== undefined) this.#calls.preconnect(named[0], named.length);
    return ManifestList.of(await this.#calls.run(signal, (engine, aborted) => engine.create(text, named, terms, aborted)));
  }

  /**
   * Returns the plan of a push of a list, without a request.
   * @throws {@link TallymanError} `reference-invalid` if the subject says that it is in another repository.
   */
  plan(list: ManifestList, options: PlanOptions = {}): PushPlan {
    const given = optionsOf(options, planOptionNames);
    const terms = termsOf(given);
    if (!ManifestList.isOwn(list)) throw wrongArgument('list', 'a ManifestList', list);
    checkSubject(given.subject, list);
    return new PushPlan(call(() => ManifestList.handleOf(list).plan(terms)));
  }

  /**
   * Returns the plan of a push of a list that is converted to another form with its images: Docker's media types or those of OCI. The
   * plan's `losses` tell what the form cannot say. Manifests that are not at hand are fetched; nothing is pushed.
   * @throws {@link TallymanError} `reference-invalid` if the subject says that it is in another repository.
   */
  async convert(list: ManifestList, format: ListFormat, options: ConvertOptions = {}): Promise<PushPlan> {
    const { signal, ...plan } = optionsOf(options, [...planOptionNames, 'signal']);
    const terms = termsOf(plan, formatOf(format));
    if (!ManifestList.isOwn(list)) throw wrongArgument('list', 'a ManifestList', list);
    checkSubject(plan.subject, list);
    return this.#planned(ManifestList.copyOf(list), terms, signal);
  }

  /**
   * Pushes a list, a plan, or the list that the store has under a name.
   * @throws {@link TallymanError} `reference-invalid` if the subject is in another repository.
   */
  async push(
    what: ManifestList | PushPlan | string | Reference,
    options: PushOptions = {},
  ): Promise<PushResult> {
    const names = ['onProgress', 'purge', 'tags', 'format', 'neverOverwrite', 'signal', ...planOptionNames];
    const { onProgress, purge = false, tags = [], neverOverwrite = false, signal, format, ...planned } = optionsOf(options, names);
    functionOf(onProgress, 'onProgress');
    flagOf(purge, 'purge');
    flagOf(neverOverwrite, 'neverOverwrite');
    const further = tagsOf(tags);
    const isPlan = PushPlan.isOwn(what);
    if (isPlan && [format, ...Object.values(planned)].some((value) => value !== undefined)) {
      throw wrongArgument('options', `none of format, ${planOptionNames.join(', ')} beside a plan, which has them`, options);
    }
    if (format !== undefined) formatOf(format);
    if (purge) this.#calls.needsStore();
    const plan = isPlan ? what : await this.#planOf(what, planned, format, signal);
    // The caller may dispose of the plan meanwhile.
    const handle = PushPlan.copyOf(plan);
    const { stepCount: total, steps, losses, target, mediaType } = plan;
    this.#calls.preconnect(target, total);
    const progress = { completed: 0, bytes: 0 };
    const tell = (kind: PushProgress['kind'], index: number | undefined, reference: string | undefined, bytes: number | undefined): void => {
      if (!onProgress) return;
      if (kind === 'done') progress.completed += 1;
      if (kind === 'transferred') progress.bytes += bytes ?? 0;
      const step = index === undefined ? undefined : steps[index];
      notify(onProgress, { kind, ...progress, total, ...(step ? { step } : {}), ...(reference ? { reference } : {}) });
    };
    const [digest, purged] = await this.#calls.run(signal, (engine, aborted) => engine.push(handle, further, purge, neverOverwrite, tell, aborted));
    const put = steps.at(-1);
    const reference = put && 'reference' in put ? put.reference : target;
    const { tag } = Reference.parse(reference);
    const all = new Set([...(tag === undefined ? [] : [tag]), ...further]);
    const pushed = { reference, digest, mediaType, tags: [...all], losses: [...losses] };
    return purge ? { ...pushed, localList: purged ? 'removed' : 'kept' } : pushed;
  }

  /**
   * Makes registries have the lists that an object describes, as `tallyman apply` does with a file: images, platforms, annotations and
   * tags. What is there already is not pushed again; with `dryRun` nothing is. A list that cannot be read or pushed keeps no other from
   * it: the first error is thrown when all others are done.
   * @throws {@link TallymanError} `list-file-invalid` with the field that is not as it should be, or the list that is made of another one
   * of them: it is pushed by the next call.
   */
  async apply(
    lists: DesiredList | readonly DesiredList[] | { lists: readonly DesiredList[] },
    options: ApplyOptions = {},
  ): Promise<ApplyResult> {
    const { dryRun = false, onProgress, signal } = optionsOf(options, ['dryRun', 'onProgress', 'signal']);
    flagOf(dryRun, 'dryRun');
    functionOf(onProgress, 'onProgress');
    const wanted = desiredJson(lists);
    const progress = { completed: 0, bytes: 0 };
    const tell = (kind: ApplyProgress['kind'], _step: number | undefined, reference: string | undefined, bytes: number | undefined): void => {
      if (kind === 'done') progress.completed += 1;
      if (kind === 'transferred') progress.bytes += bytes ?? 0;
      notify(onProgress, { kind, ...progress, ...(reference ? { reference } : {}) });
    };
    return JSON.parse(await this.#calls.extra(signal, (engine, aborted) => engine.apply(wanted, !dryRun, tell, aborted))) as ApplyResult;
  }

  /**
   * The references of the lists in the store, which `load` and `remove` take. A store in files has no place for them: they are the likeliest
   * ones that have the files' names and suit the images.
   */
  async lists(options: CallOptions = {}): Promise<string[]> {
    const { signal } = optionsOf(options, ['signal']);
    this.#calls.needsStore();
    return this.#calls.run(signal, (engine, aborted) => engine.lists(aborted));
  }

  /** The list that the store has under a name. */
  async load(list: string | Reference, options: CallOptions = {}): Promise<ManifestList | undefined> {
    const { signal } = optionsOf(options, ['signal']);
    const text = referenceText(list, 'list');
    this.#calls.needsStore();
    const found = await this.#calls.run(signal, (engine, aborted) => engine.load(text, aborted));
    return found && ManifestList.of(found);
  }

  /** Keeps a list in the store in place of what is there under its name. */
  async save(list: ManifestList, options: CallOptions = {}): Promise<void> {
    const { signal } = optionsOf(options, ['signal']);
    if (!ManifestList.isOwn(list)) throw wrongArgument('list', 'a ManifestList', list);
    this.#calls.needsStore();
    const saved = ManifestList.copyOf(list);
    await this.#calls.run(signal, (engine, aborted) => engine.save(ManifestList.handleOf(saved), aborted));
  }

  /**
   * Keeps a copy of a list of the store under another name. No registry is asked.
   * @throws {@link TallymanError} `list-unknown` if there is no such list, `list-exists` if there is one of the other name.
   */
  async duplicate(list: string | Reference, to: string | Reference, options: CallOptions = {}): Promise<void> {
    await this.#renamed(list, to, false, options);
  }

  /**
   * Gives a list of the store another name. No registry is asked.
   * @throws {@link TallymanError} `list-unknown` if there is no such list, `list-exists` if there is one of the other name.
   */
  async rename(list: string | Reference, to: string | Reference, options: CallOptions = {}): Promise<void> {
    await this.#renamed(list, to, true, options);
  }

  /** Removes a list from the store, and says whether there was one. Nothing is removed from a registry. */
  async remove(list: string | Reference, options: CallOptions = {}): Promise<boolean> {
    const { signal } = optionsOf(options, ['signal']);
    const text = referenceText(list, 'list');
    this.#calls.needsStore();
    return this.#calls.run(signal, (engine, aborted) => engine.remove(text, aborted));
  }

  /** Forgets what is known of a registry: after somebody signed in or out. */
  forget(registry: string): void {
    const text = textOf(registry, 'registry');
    this.#calls.forget(text);
  }

  /** Gives back the memory at once; otherwise that happens when nobody refers to the client any more. */
  [Symbol.dispose](): void {
    this.#calls.free();
  }

  async #renamed(list: string | Reference, to: string | Reference, moves: boolean, options: CallOptions): Promise<void> {
    const { signal } = optionsOf(options, ['signal']);
    const [from, name] = [referenceText(list, 'list'), referenceText(to, 'to')];
    this.#calls.needsStore();
    await this.#calls.run(signal, (engine, aborted) => engine.rename(from, name, moves, aborted));
  }

  /** The plan of a push. Without a request where none is needed, so that connections are opened meanwhile. */
  async #planOf(
    what: ManifestList | string | Reference,
    { subject, ...options }: Omit<PushOptions, 'format'>,
    format: ListFormat | undefined,
    signal: AbortSignal | undefined,
  ): Promise<PushPlan> {
    const isNamed = subject !== undefined && !isDescriptor(subject);
    // If anything else of them is wrong, the subject is not asked for.
    let terms = termsOf(isNamed ? options : { ...options, subject }, format);
    const list = ManifestList.isOwn(what) ? ManifestList.copyOf(what) : await this.#kept(what, signal);
    checkSubject(subject, list);
    if (isNamed) terms = termsOf({ ...options, subject: await this.resolve(subject, { signal }) }, format);
    if (format !== undefined || ManifestList.lacksManifests(list)) return this.#planned(list, terms, signal);
    return new PushPlan(call(() => ManifestList.handleOf(list).plan(terms)));
  }

  /** The plan of a push of a list that nobody else has: the engine takes it. */
  async #planned(list: ManifestList, terms: string, signal: AbortSignal | undefined): Promise<PushPlan> {
    // A plan says what is wrong with a list that has no entries.
    if (list.length === 0) call(() => ManifestList.handleOf(list).plan('{}'));
    return new PushPlan((await this.#calls.extra(signal, (engine, aborted) => engine.plan(ManifestList.handleOf(list), terms, aborted))) as Plan);
  }

  get #images(): ImageSource {
    return {
      image: async (reference, platform, layer, signal) => {
        this.#calls.preconnect(reference, 1);
        return layeredImage(await this.#calls.run(signal, (engine, aborted) => engine.layers(reference, platform, layer, aborted)));
      },
      checkForeign: async (reference, number, layer, signal) => {
        await this.#calls.run(signal, (engine, aborted) => engine.checkForeignLayer(reference, number, JSON.stringify(layer), aborted));
      },
      blob: (repository, blob, signal) => this.blob(repository, blob, { signal }),
      range: async (repository, { digest }, { 0: start = 0, 1: end = 0 }, signal) => {
        const pieces = this.#calls.items<Uint8Array<ArrayBuffer>>((engine) => engine.blobRange(repository, digest, start, end), signal);
        if (start === end) return pieces;
        try {
          const first = await pieces.next();
          return first && continued(first, pieces);
        } catch (error) {
          if (signal?.aborted) throw error;
          // The whole blob tells why, if that does not come either.
          return undefined;
        }
      },
    };
  }

  async #kept(list: string | Reference, signal: AbortSignal | undefined): Promise<ManifestList> {
    const found = await this.load(list, signal ? { signal } : {});
    if (found) return found;
    const name = Reference.parse(list).toString();
    throw new TallymanError({ code: 'list-unknown', message: `expected a list ${name} in the store, found none`, list: name });
  }

  #inspect(
    reference: string | Reference,
    platform: string | undefined,
    onlyManifest: boolean,
    signal: AbortSignal | undefined,
  ): Promise<InspectionAnswer> {
    this.#calls.preconnect(reference, 1);
    return this.#calls.run(signal, (engine, aborted) => engine.inspect(String(reference), platform, onlyManifest, aborted));
  }

  async #bytes(repository: string, blob: Descriptor, signal: AbortSignal | undefined): Promise<Uint8Array> {
    const { digest, size } = blob;
    if (size > mostBytes) {
      throw new TallymanError({
        code: 'too-large',
        message: `expected at most ${mostBytes} bytes to be read as a whole, found ${size}: read them as a stream, blob('${repository}', attestation.blob)`,
        reference: `${repository}@${digest}`,
        limit: mostBytes,
      });
    }
    return new Uint8Array(await new Response(await this.blob(repository, blob, { signal })).arrayBuffer());
  }

  async *#sorted(names: AsyncIterable<string>, sort: TagOrder, signal: AbortSignal | undefined): AsyncGenerator<string, void, undefined> {
    const all: string[] = [];
    for await (const name of names) all.push(name);
    yield* (await this.#calls.extra(signal, (engine, aborted) => engine.sortTags(all, sort, aborted))) as string[];
  }

}

const readDescriptor = (json: string): Descriptor => descriptorOf(JSON.parse(json) as DescriptorJson);

/** The texts of platforms, none for all of them. An empty list that is given does not stand for all: nobody wanted them. */
function platformTexts(platforms: Iterable<string | Platform> | undefined): string[] {
  if (platforms === undefined) return [];
  const texts = listOf(platforms, 'platforms').map((platform) => platformText(platform) ?? '');
  if (texts.length === 0) throw wrongArgument('platforms', 'at least one platform', platforms);
  return texts;
}

/** The descriptor of a manifest in the repository of `list`, as manifests have it. */
function ownJson(descriptor: Descriptor & { reference?: string }, list: string | Reference): DescriptorJson {
  const reference = reading('the fields of images', () => descriptor.reference);
  const { name } = Reference.parse(list);
  if (reference === undefined || Reference.parse(reference).name === name) return descriptorJson(descriptor);
  throw wrongArgument('images', `descriptors of manifests in ${name}, or names of images elsewhere,`, reference);
}

/** Tags, one or several. */
function tagsOf(tags: string | Iterable<string>): string[] {
  const texts = listOf(tags, 'tags').map((tag) => textOf(tag, 'tag'));
  if (texts.length > 0) call((engine) => engine.checkTags(texts));
  return texts;
}

/** A blob of an attachment: one to be uploaded, or the descriptor of one that is there. */
function blobOf(blob: NewBlob | Descriptor, artifactType: string): NewBlob | DescriptorJson {
  if (typeof blob !== 'object' || blob === null) throw wrongArgument('blobs', 'objects with content, or descriptors', blob);
  if (!reading('the fields of blobs', () => 'content' in blob)) return descriptorJson(blob as Descriptor);
  const { content, mediaType = artifactType, annotations } = optionsOf(blob as NewBlob, ['content', 'mediaType', 'annotations'], 'blobs');
  if (!isA(content, Blob)) asBytes(content);
  return { content, mediaType: textOf(mediaType, 'mediaType'), ...(annotations === undefined ? {} : { annotations: annotationsJson(annotations) }) };
}
