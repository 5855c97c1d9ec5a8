-- What wrk counted, as JSON.
function done(summary)
  local errors = summary.errors
  io.write(string.format('\n{"requests":%d,"bytes":%d,"microseconds":%d,"errors":%d}\n',
    summary.requests, summary.bytes, summary.duration,
    errors.connect + errors.read + errors.write + errors.status))
end
