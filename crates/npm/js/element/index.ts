import { TallymanManifest } from './manifest.js';

export { TallymanManifest };
export type { LoadDetail, ErrorDetail, SelectDetail } from './manifest.js';

if (globalThis.customElements && !customElements.get('tallyman-manifest')) customElements.define('tallyman-manifest', TallymanManifest);

declare global {
  interface HTMLElementTagNameMap {
    'tallyman-manifest': TallymanManifest;
  }
}
