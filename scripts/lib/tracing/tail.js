/**
 * A worker that stands before another and receives its spans: at `/spans` it answers with the events that came since it
 * was asked last, and passes anything else on.
 */
let events = [];

export default {
  async fetch(request, { TRACED }) {
    if (new URL(request.url).pathname !== '/spans') return TRACED.fetch(request);
    const answer = Response.json(events);
    events = [];
    return answer;
  },

  tailStream(onset, { KEEPS_NOTHING }) {
    if (KEEPS_NOTHING) return () => {};
    const note = ({ spanContext: { traceId: trace, spanId: span }, timestamp, event }) => {
      // Some fields are bigints, which JSON does not have.
      const plain = JSON.stringify(event, (_, value) =>
        typeof value === 'bigint' ? Number(value) : value,
      );
      events.push({ trace, span, at: timestamp.getTime(), ...JSON.parse(plain) });
    };
    note(onset);
    return note;
  },
};
