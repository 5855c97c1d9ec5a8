import { wrongValue } from './arguments.js';
import { pieceOf } from './bytes.js';
import { TallymanError, abortedBy, inputFailed, reading } from './error.js';

/** A stream of bytes: a web stream, a Node stream, a response's body, or anything else that can be iterated. */
export type ByteStream =
  | ReadableStream<ArrayBufferView | ArrayBufferLike>
  | AsyncIterable<ArrayBufferView | ArrayBufferLike>
  | Iterable<ArrayBufferView | ArrayBufferLike>
  | Blob
  | Response;

/** The pieces of a stream of bytes. */
export interface BytePieces {
  /** The next piece, `undefined` at the end. */
  next(): Promise<Uint8Array | undefined>;
  /** Cancels the stream, unless it has ended. */
  end(): void;
}

/**
 * The pieces of a stream. A stream may say nothing for long, and be left meanwhile by its signal.
 * @throws {@link TallymanError} `argument-invalid` if it is none, or its pieces are no bytes; `input-failed` if it fails itself.
 */
export function bytesOf(given: ByteStream, signal?: AbortSignal): BytePieces {
  const source = sourceOf(given);
  let isOpen = true;
  let stop: ((reason: unknown) => void) | undefined;
  const onabort = (): void => {
    stop?.(signal && abortedBy(signal));
    end();
  };
  const close = (): void => {
    isOpen = false;
    signal?.removeEventListener('abort', onabort);
  };
  const end = (): void => {
    if (!isOpen) return;
    close();
    source.end();
  };
  const next = (): Promise<IteratorResult<unknown, unknown>> =>
    new Promise((resolve, reject) => {
      stop = reject;
      source.next().then(resolve, reject);
    });
  signal?.addEventListener('abort', onabort);
  return {
    async next() {
      if (signal?.aborted) throw abortedBy(signal);
      const { done, value } = await (signal ? next() : source.next()).catch((error: unknown) => {
        throw inputFailed(error);
      });
      if (!done) return pieceOf(value);
      close();
      return undefined;
    },
    end,
  };
}

/**
 * A stream of pieces, as they are asked for. An abort ends it at once, also where nobody reads it.
 * @internal
 */
export function streamFrom(pieces: BytePieces, signal?: AbortSignal): ReadableStream<Uint8Array<ArrayBuffer>> {
  let abort: () => void;
  const close = (): void => signal?.removeEventListener('abort', abort);
  return new ReadableStream(
    {
      start(controller) {
        abort = (): void => {
          close();
          controller.error(abortedBy(signal as AbortSignal));
          pieces.end();
        };
        if (signal?.aborted) abort();
        else signal?.addEventListener('abort', abort);
      },
      async pull(controller) {
        try {
          const piece = await pieces.next();
          if (piece) return controller.enqueue(piece as Uint8Array<ArrayBuffer>);
          controller.close();
        } catch (error) {
          controller.error(error);
        }
        close();
      },
      cancel() {
        close();
        pieces.end();
      },
    },
    { highWaterMark: 0 },
  );
}

/**
 * The stream or iterable of what was given.
 * @throws {@link TallymanError} `argument-invalid` if it is none; `input-failed` if it cannot be read.
 */
export const streamOf = (given: unknown): ReadableStream | AsyncIterable<unknown> | Iterable<unknown> => reading('a stream of bytes', () => openStreamOf(given));

function openStreamOf(given: unknown): ReadableStream | AsyncIterable<unknown> | Iterable<unknown> {
  if (typeof given === 'object' && given !== null) {
    const { locked, bodyUsed, body } = given as { locked?: unknown; bodyUsed?: unknown; body?: { locked?: unknown } | null };
    if (locked || bodyUsed || body?.locked) {
      throw new TallymanError({ code: 'argument-invalid', message: 'expected a stream of bytes that nobody has begun to read, found one that is read' });
    }
    if (Symbol.asyncIterator in given || Symbol.iterator in given || 'getReader' in given) return given as AsyncIterable<unknown>;
    // A response without a body has no bytes.
    if ('body' in given && 'headers' in given) return (given as Response).body ?? [];
    if ('stream' in given && typeof given.stream === 'function') return given.stream() as ReadableStream;
  }
  throw wrongValue('a stream of bytes', given);
}

/** Iterator over the pieces of a stream, and the function that cancels it. */
interface Source {
  next(): Promise<IteratorResult<unknown, unknown>>;
  end(): void;
}

/**
 * The pieces of a stream as it gives them.
 * @throws {@link TallymanError} `argument-invalid` if it is none; `input-failed` if it cannot be read.
 */
export const sourceOf = (given: ByteStream): Source => reading('a stream of bytes', () => openSourceOf(given));

function openSourceOf(given: ByteStream): Source {
  const ignore = (): void => undefined;
  const stream = streamOf(given);
  // Not every browser's streams can be iterated.
  if ('getReader' in stream) {
    const reader = stream.getReader();
    const next = (): Promise<IteratorResult<unknown, unknown>> => reader.read() as Promise<IteratorResult<unknown, unknown>>;
    return { next, end: () => void reader.cancel().catch(ignore) };
  }
  const iterator = Symbol.asyncIterator in stream ? stream[Symbol.asyncIterator]() : stream[Symbol.iterator]();
  const end = (): void => {
    // Iterators of Node's streams do not hear of their end while they wait for a piece, nor before they have begun.
    if ('destroy' in stream && typeof stream.destroy === 'function') stream.destroy();
    else (async () => iterator.return?.())().catch(ignore);
  };
  const next = async (): Promise<IteratorResult<unknown, unknown>> => {
    const { done = false, value } = await iterator.next();
    return { done, value };
  };
  return { next, end };
}
