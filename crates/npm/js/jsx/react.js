// The element, with its types for React's JSX.

export * from '../element/index.js';
