import { useEffect, useState } from 'react';
import { Tallyman, TallymanError, type AnyInspection } from 'tallyman';
import 'tallyman/react';

const tm = new Tallyman();

interface Found {
  reference?: string;
  inspection?: AnyInspection;
  error?: TallymanError;
}

/** Returns what is under a reference, or the error; what is no longer wanted is aborted. */
function useInspection(reference: string): Found {
  const [found, setFound] = useState<Found>({});
  useEffect(() => {
    const left = new AbortController();
    tm.inspect(reference, { signal: left.signal }).then(
      (inspection) => setFound({ reference, inspection }),
      (error: TallymanError) => error.code !== 'aborted' && setFound({ reference, error }),
    );
    return () => left.abort();
  }, [reference]);
  // Until there is an answer it has that of the image before.
  return found.reference === reference ? found : {};
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
