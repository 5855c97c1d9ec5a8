import { useEffect, useState } from 'react';
import { Tallyman, TallymanError, type AnyInspection } from 'tallyman';
import 'tallyman/react';

const tm = new Tallyman();

/** Returns what is under a reference, or the error; what is no longer wanted is aborted. */
function useInspection(reference: string): { inspection?: AnyInspection; error?: TallymanError } {
  const [found, setFound] = useState<{ inspection?: AnyInspection; error?: TallymanError }>({});
  useEffect(() => {
    const left = new AbortController();
    tm.inspect(reference, { signal: left.signal }).then(
      (inspection) => setFound({ inspection }),
      (error: TallymanError) => error.code !== 'aborted' && setFound({ error }),
    );
    return () => left.abort();
  }, [reference]);
  return found;
}

export function Image({ reference }: { reference: string }) {
  const { inspection, error } = useInspection(reference);
  if (error) return <p role="alert">{error.message}</p>;
  return (
    <section>
      <h2>{reference}</h2>
      <p id="digest">{inspection?.digest}</p>
      {/* By the same client: what it has fetched is not fetched again. */}
      <tallyman-manifest reference={reference} client={tm} heading-level={3} />
    </section>
  );
}
