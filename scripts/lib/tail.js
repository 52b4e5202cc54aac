/**
 * A worker that stands before another and receives its spans: at `/spans` it answers with the events that came since it
 * was asked last; anything else it passes on.
 */
let events = [];

export default {
  async fetch(request, { TRACED }) {
    if (new URL(request.url).pathname !== '/spans') return TRACED.fetch(request);
    const answer = Response.json(events);
    events = [];
    return answer;
  },

  tailStream(onset) {
    const note = ({ invocationId: invocation, spanContext: { spanId: span }, timestamp, event }) => {
      // Some fields are bigints, which JSON has not.
      const plain = JSON.parse(JSON.stringify(event, (_, value) => (typeof value === 'bigint' ? Number(value) : value)));
      events.push({ invocation, span, at: timestamp.getTime(), ...plain });
    };
    note(onset);
    return note;
  },
};
