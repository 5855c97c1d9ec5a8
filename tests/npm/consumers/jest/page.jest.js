import { Reference } from 'tallyman';
import { TallymanManifest } from 'tallyman/element';

test('values and the element', () => {
  expect(String(Reference.parse('alpine'))).toBe('docker.io/library/alpine:latest');
  expect(customElements.get('tallyman-manifest')).toBe(TallymanManifest);
});
