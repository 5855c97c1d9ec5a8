'use client';

import { useEffect, useRef } from 'react';
import 'tallyman/element';

// Rendered on the server first, as every client component is.
export default function Page() {
  const element = useRef(null);
  useEffect(() => {
    const query = new URLSearchParams(location.search);
    element.current.addEventListener('load', ({ detail }) => (globalThis.result = detail.inspection.digest));
    element.current.addEventListener('error', ({ detail }) => (globalThis.result = String(detail.error)));
    element.current.reference = `${query.get('registry')}/samples/hello:latest`;
  }, []);
  return <tallyman-manifest ref={element} loading="eager" />;
}
