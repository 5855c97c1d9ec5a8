/** A signal that either of two ends. */
export function anyOf(signal: AbortSignal, other: AbortController): AbortSignal {
  if (signal.aborted) other.abort(signal.reason);
  else signal.addEventListener('abort', () => other.abort(signal.reason), { once: true, signal: other.signal });
  return other.signal;
}
