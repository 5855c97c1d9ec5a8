import { descriptorOf, type Descriptor, type DescriptorJson } from './descriptor.js';

/** Role of content in what stands above it. */
export type TreeRole = 'root' | 'entry' | 'config' | 'layer' | 'referrer';

/** Content, and what is below it. */
export interface TreeNode extends Descriptor {
  /** Its role. */
  role: TreeRole;
  /** `true` if it is a manifest that the registry does not have. */
  missing: boolean;
  /** The content below it. */
  children: TreeNode[];
}

/** A node as the engine gives it. */
export interface TreeNodeJson extends DescriptorJson {
  role: TreeRole;
  missing?: boolean;
  children?: TreeNodeJson[];
}

/** A node with all that is below it. */
export function treeOf(json: TreeNodeJson): TreeNode {
  const { role, missing = false, children = [] } = json;
  return { role, ...descriptorOf(json), missing, children: children.map(treeOf) };
}
