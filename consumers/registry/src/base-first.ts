import './lumenize-base.js';
import '@lumenize/call';

export * from './objects.js';
export { default } from './objects.js';
