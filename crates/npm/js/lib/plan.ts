import type { Plan } from '../dist/tallyman.js';
import { checkMade, checkNoCopy, disposed } from './arguments.js';
import { call } from './engine.js';
import { inspected } from './plain.js';

interface StepTerms {
  /** The steps, by their index, that must have succeeded before this one begins. */
  after: number[];
  /** Requests when all goes as hoped. */
  requests: number;
  /** Requests at most. */
  requestsAtMost: number;
}

/** Makes a blob of another repository known in the target's, without transferring it. */
export interface MountStep extends StepTerms {
  kind: 'mount-blob';
  /** The blob. */
  digest: string;
  /** The repositories that it can be mounted from, in the order to try. */
  from: string[];
  /** `true` if the push goes on when the mount fails, as for the foreign layers of Windows images. */
  mayFail: boolean;
}

/** Brings a blob of another registry into the target's repository, where it is not there. */
export interface TransferStep extends StepTerms {
  kind: 'copy-blob';
  /** The blob. */
  digest: string;
  /** A repository that has it, with its registry. */
  from: string;
  /** Its size in bytes. */
  size: number;
}

/** Puts the manifest of an image into the target's repository (`put-manifest`), or the list under its name (`put-list`). */
export interface ManifestStep extends StepTerms {
  kind: 'put-manifest' | 'put-list';
  /** The manifest. */
  digest: string;
  /** Its media type. */
  mediaType: string;
  /** The image that is copied, or what the list is put as. */
  reference: string;
  /** Its size in bytes. */
  size: number;
}

/** One step of a push. */
export type PlanStep = MountStep | TransferStep | ManifestStep;

interface PlanJson {
  target: string;
  mediaType: string;
  digest: string;
  stepCount: number;
  roundTrips: number;
  requests: number;
  requestsAtMost: number;
}

/** Plan of a push of a list, or of a copy, known before anything is sent. */
export class PushPlan {
  /** The list's name. */
  readonly target: string;
  /** The list's media type. */
  readonly mediaType: string;
  /** The list's digest. */
  readonly digest: string;
  /** Number of steps. */
  readonly stepCount: number;
  /** Round trips that follow each other when all that can go side by side does. */
  readonly roundTrips: number;
  /** Requests when all goes as hoped. */
  readonly requests: number;
  /** Requests at most. */
  readonly requestsAtMost: number;
  #handle: Plan | undefined;
  #steps: readonly PlanStep[] | undefined;

  /** @internal */
  constructor(handle: Plan) {
    checkMade(handle instanceof call((engine) => engine.Plan), 'a PushPlan', 'Tallyman.plan, convert or planCopy');
    const json = JSON.parse(call(() => handle.json())) as PlanJson;
    this.target = json.target;
    this.mediaType = json.mediaType;
    this.digest = json.digest;
    this.stepCount = json.stepCount;
    this.roundTrips = json.roundTrips;
    this.requests = json.requests;
    this.requestsAtMost = json.requestsAtMost;
    this.#handle = handle;
  }

  /** The steps, each after those that it waits for. They are made when they are first asked for: long lists have thousands. */
  get steps(): readonly PlanStep[] {
    this.#steps ??= JSON.parse(call(() => this.#plan.steps())) as PlanStep[];
    return this.#steps;
  }

  /** The parts of the list that its conversion to another form has lost, a phrase each. */
  get losses(): readonly string[] {
    return JSON.parse(call(() => this.#plan.losses())) as string[];
  }

  /** The list's exact bytes. */
  get bytes(): Uint8Array {
    return call(() => this.#plan.bytes());
  }

  /** All of the plan, its steps too, but for the list's bytes. */
  toJSON(): object {
    const { target, mediaType, digest, stepCount, roundTrips, requests, requestsAtMost, losses, steps } = this;
    return { target, mediaType, digest, stepCount, roundTrips, requests, requestsAtMost, losses, steps };
  }

  /** @internal */
  [inspected](): string {
    return `PushPlan of ${this.target} ${this.digest}\n${this.toString()}`;
  }

  /** A line for each step and a sum, for people. */
  toString(): string {
    return call(() => this.#plan.text());
  }

  /** Gives back the memory at once; otherwise that happens when nobody refers to the plan any more. */
  [Symbol.dispose](): void {
    this.#handle?.free();
    this.#handle = undefined;
  }

  get #plan(): Plan {
    if (this.#handle) return this.#handle;
    throw disposed('PushPlan');
  }

  /**
   * Returns `true` for a plan that was made here.
   * @internal
   */
  static isOwn(value: unknown): value is PushPlan {
    return (typeof value === 'object' && value !== null && #handle in value) || checkNoCopy(value, PushPlan);
  }

  /**
   * Its handle for a push, which takes it: the plan may be disposed of meanwhile.
   * @internal
   */
  static copyOf(plan: PushPlan): Plan {
    return call(() => plan.#plan.copy());
  }
}
