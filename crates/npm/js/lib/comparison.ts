import { descriptorOf, type DescriptorJson } from './descriptor.js';
import type { Comparison, Difference } from './options.js';

interface DifferenceJson {
  kind: Difference['kind'];
  left?: DescriptorJson;
  right?: DescriptorJson;
}

/** A comparison of two manifests as the engine has it. */
export interface ComparisonJson {
  same: boolean;
  left: DescriptorJson;
  right: DescriptorJson;
  entries: DifferenceJson[];
  layers: DifferenceJson[];
}

const differenceOf = ({ kind, left, right }: DifferenceJson): Difference => ({
  kind,
  ...(left ? { left: descriptorOf(left) } : {}),
  ...(right ? { right: descriptorOf(right) } : {}),
});

/** The comparison in the package's form. */
export const comparisonOf = (json: ComparisonJson): Comparison => ({
  same: json.same,
  left: descriptorOf(json.left),
  right: descriptorOf(json.right),
  entries: json.entries.map(differenceOf),
  layers: json.layers.map(differenceOf),
});
