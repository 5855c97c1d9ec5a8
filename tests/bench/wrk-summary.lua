-- What wrk counted, as JSON.
function done(summary, latency)
  local errors = summary.errors
  io.write(string.format('\n{"requests":%d,"bytes":%d,"microseconds":%d,"p99":%d,"errors":%d}\n',
    summary.requests, summary.bytes, summary.duration, latency:percentile(99.0),
    errors.connect + errors.read + errors.write + errors.status))
end
