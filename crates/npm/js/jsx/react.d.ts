// The element, with its types for React's JSX.

import type { DetailedHTMLProps, HTMLAttributes } from 'react';
import type { ErrorDetail, LoadDetail, ManifestAttributes, SelectDetail, TallymanManifest } from '../element/index.js';

export * from '../element/index.js';

type Attributes = Omit<DetailedHTMLProps<HTMLAttributes<TallymanManifest>, TallymanManifest>, 'onLoad' | 'onError' | 'onSelect'>;

/** The attributes and properties of `<tallyman-manifest>` in React, whose listeners of custom elements begin with `on`. */
export interface TallymanManifestProps extends Attributes, ManifestAttributes {
  /** Hears that a manifest is shown. */
  onload?: ((event: CustomEvent<LoadDetail>) => void) | undefined;
  /** Hears that nothing is shown, and why. */
  onerror?: ((event: CustomEvent<ErrorDetail>) => void) | undefined;
  /** Hears that an image of a list is opened or closed. */
  onselect?: ((event: CustomEvent<SelectDetail>) => void) | undefined;
}

declare module 'react' {
  namespace JSX {
    interface IntrinsicElements {
      'tallyman-manifest': TallymanManifestProps;
    }
  }
}
