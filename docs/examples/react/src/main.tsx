import { createRoot } from 'react-dom/client';
import { Image } from './Image.js';

const reference = new URLSearchParams(location.search).get('image') ?? 'ghcr.io/acme/app:1.0';
createRoot(document.querySelector('#app')!).render(<Image reference={reference} />);
