// Compares what a program did with what is expected of it, and says each difference in a sentence.

/**
 * The differences between `result` (of `runScenario`) and `expected`: `{ steps: [{ exit, stdout, stderr, store,
 * mostRequests }], pushed }`. A text that is expected may be a function, which gives what is wrong with the text it is shown,
 * or undefined.
 */
export function differences(scenario, expected, result) {
  const found = expected.steps.flatMap((step, index) =>
    stepDifferences(step, result.steps[index]).map(
      (difference) => `step ${index + 1}, ${scenario.steps[index].argv.join(' ')}: ${difference}`,
    ),
  );
  return [...found, ...pushedDifferences(expected.pushed, result.pushed)];
}

function stepDifferences(expected, actual) {
  const found = [];
  if (expected.exit !== actual.exit) found.push(`expected exit code ${expected.exit}, found ${actual.exit}`);
  for (const stream of ['stdout', 'stderr']) found.push(...textDifference(stream, expected[stream], actual[stream]));
  found.push(...storeDifferences(expected.store, actual.store));
  if (expected.requests) found.push(...requestDifferences(expected.requests, actual.requests));
  if (actual.requests.length > expected.mostRequests) {
    const made = actual.requests.map(inShort).join('; ');
    found.push(`expected at most ${expected.mostRequests} requests, found ${actual.requests.length}: ${made}`);
  }
  return found;
}

function textDifference(what, expected, actual) {
  if (typeof expected === 'function') {
    const wrong = expected(actual);
    return wrong ? [`${what}: ${wrong}, found ${JSON.stringify(actual)}`] : [];
  }
  if (expected === actual) return [];
  return [`${what}:\n  expected ${JSON.stringify(expected)}\n  found    ${JSON.stringify(actual)}`];
}

function storeDifferences(expected, actual) {
  const names = [...new Set([...Object.keys(expected), ...Object.keys(actual)])].sort();
  return names.flatMap((name) => {
    if (!(name in actual)) return [`expected the file ${name} in the local store, found none`];
    if (!(name in expected)) return [`expected no file ${name} in the local store, found one`];
    return expected[name] === undefined ? [] : textDifference(`the file ${name}`, expected[name], actual[name]);
  });
}

/** The differences between two records of requests, row by row. */
function requestDifferences(expected, actual) {
  const [wanted, made] = [expected, actual].map((rows) => rows.map((row) => JSON.stringify(steady(row))));
  if (wanted.join('\n') === made.join('\n')) return [];
  return [`requests:\n  expected\n    ${wanted.join('\n    ')}\n  found\n    ${made.join('\n    ')}`];
}

// An upload's address differs from run to run.
function steady(row) {
  const path = row.path?.replace(/\/uploads\/[^/]+$/, '/uploads/UUID');
  const query = row.query?._state ? { ...row.query, _state: 'STATE' } : row.query;
  return Object.fromEntries(Object.entries({ ...row, path, query }).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function inShort(row) {
  return row.method ? `${row.method} ${row.path} ${row.status}` : Object.keys(row)[0];
}

function pushedDifferences(expected, actual) {
  return actual.flatMap(({ ref, ...served }) => {
    const recorded = expected.find((row) => row.ref === ref);
    const wanted = recorded ?? { status: 200, mediaType: served.mediaType, digest: ref.split('@')[1] };
    const found = ['status', 'mediaType', 'digest']
      .filter((key) => wanted[key] !== served[key])
      .map((key) => `${ref} in the registry: expected ${key} ${wanted[key]}, found ${served[key]}`);
    if (wanted.bytes && served.bytes && !wanted.bytes.equals(served.bytes)) {
      found.push(...textDifference(`bytes of ${ref}`, wanted.bytes.toString(), served.bytes.toString()));
    }
    return found;
  });
}
