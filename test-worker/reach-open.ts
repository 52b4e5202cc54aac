/** What is open of each kind of value, and why. Whatever is not here is closed. */
export const OPEN: Readonly<Record<string, { readonly open: string; readonly why: string }>> = {
  string: {
    open:
      '0 1 2 3 at charAt charCodeAt codePointAt endsWith includes indexOf isWellFormed ' +
      'length slice startsWith substring toLowerCase toUpperCase ' +
      'toWellFormed trim trimEnd trimStart',
    why: 'Parts and looks. A change of case is at most three times as long, once; nothing joins or searches by a pattern.',
  },
  'plain object': {
    open: 'a',
    why: 'Its own data, as Workers RPC would carry it.',
  },
  'object without a prototype': {
    open: 'a',
    why: 'Its own data.',
  },
  'instance of a class': {
    open: 'items toJSON total',
    why: 'The data and the methods of a class of the user, toJSON included.',
  },
  'subclass of Array': {
    open: '0 1 at includes indexOf lastIndexOf length slice top',
    why: 'What its own class adds, and what arrays have.',
  },
  function: {
    open: 'property',
    why: 'Own properties, as Workers RPC exposes them of a function.',
  },
  'tagged object': {
    open: 'a',
    why: 'Its own data: a tag makes no difference.',
  },
  'tagged RpcTarget': {
    open: 'add',
    why: 'What Workers RPC exposes, whatever its tag.',
  },
  "user's class of a runtime's name": {
    open: 'ask',
    why: 'It has no member of the class of that name.',
  },
  RpcTarget: {
    open: 'hello lasting wrap',
    why: 'What Workers RPC exposes: methods of its prototypes, no own property, no disposer.',
  },
  array: {
    open: '0 1 at includes indexOf lastIndexOf length slice',
    why: 'Its items, and looks at them.',
  },
  Map: {
    open: 'get has size',
    why: 'Looks.',
  },
  Set: {
    open: 'has size',
    why: 'Looks.',
  },
  Date: {
    open:
      'getDate getDay getFullYear getHours getMilliseconds getMinutes getMonth ' +
      'getSeconds getTime getTimezoneOffset getUTCDate getUTCDay getUTCFullYear ' +
      'getUTCHours getUTCMilliseconds getUTCMinutes getUTCMonth getUTCSeconds ' +
      'toISOString toJSON valueOf',
    why: 'Reading it in all ways that neither set it nor depend on a locale.',
  },
  'subclass of Iterator': {
    open: 'next',
    why: "What the user's class has itself; none of the helpers above it.",
  },
  RegExp: {
    open: 'flags source',
    why: 'What it is; not what runs it.',
  },
  Error: {
    open: 'message name stack',
    why: 'Its data.',
  },
  DOMException: {
    open: 'code message name stack',
    why: 'Its data.',
  },
  ArrayBuffer: {
    open: 'byteLength slice',
    why: 'Its size and parts.',
  },
  DataView: {
    open:
      'byteLength byteOffset getBigInt64 getBigUint64 getFloat32 getFloat64 getInt16 ' +
      'getInt32 getInt8 getUint16 getUint32 getUint8',
    why: 'Its size, and reading from it.',
  },
  Uint8Array: {
    open: '0 1 2 3 at byteLength byteOffset includes indexOf lastIndexOf length slice',
    why: 'Its items, sizes and parts; not its buffer.',
  },
  Float64Array: {
    open: '0 1 2 3 at byteLength byteOffset includes indexOf lastIndexOf length slice',
    why: 'Its items, sizes and parts; not its buffer.',
  },
  Buffer: {
    open: '0 1 2 3 at byteLength byteOffset length',
    why: 'As bytes; none of what the class of Node adds, and what it overrides.',
  },
  Proxy: {
    open: 'a',
    why: 'The data of what it stands for.',
  },
  Headers: {
    open: 'get has',
    why: 'Looks.',
  },
  Request: {
    open: 'headers method url',
    why: 'What stands in its head.',
  },
  Response: {
    open: 'headers ok redirected status statusText url',
    why: 'What stands in its head.',
  },
  Blob: {
    open: 'size type',
    why: 'Size and type.',
  },
  File: {
    open: 'size type',
    why: 'Size and type.',
  },
};
