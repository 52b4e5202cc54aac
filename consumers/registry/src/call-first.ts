import '@lumenize/call';
import './lumenize-base.js';

export * from './objects.js';
export { default } from './objects.js';
