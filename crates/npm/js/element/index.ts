import { TallymanManifest } from './manifest.js';

export { TallymanManifest };
export type { CredentialsOf, ErrorDetail, LoadDetail, ManifestAttributes, SelectDetail, TallymanManifestEvents } from './manifest.js';

if (globalThis.customElements && !customElements.get('tallyman-manifest')) customElements.define('tallyman-manifest', TallymanManifest);

declare global {
  interface HTMLElementTagNameMap {
    'tallyman-manifest': TallymanManifest;
  }
}
