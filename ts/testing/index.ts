/**
 * For tests: calls that fail as in production, deadlines without waiting, and what was called.
 *
 * @packageDocumentation
 */

export type { FaultOptions } from './actions.js';
export { clock } from './clock.js';
export { type CallFilter, type Fault, type FaultActions, faults } from './faults.js';
export { type RecordedCall, type RecordedMessage, type Recording, record } from './record.js';
