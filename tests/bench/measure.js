// Measures contestants side by side and prints what came of it, one line of JSON for each comparison.

const fewestRuns = 5;

// `cargo xtask bench` holds the other end of the input, which closes however that ends.
if (process.argv.includes('--end-with-input')) {
  process.stdin.on('end', () => process.exit(1)).resume();
  process.stdin.unref();
}

/**
 * Runs every contestant `runs` times, in turns, so that whatever else the machine does falls on all of them alike.
 *
 * A contestant is `{ name, peer?, bound?, run }`, where a bound is what nobody can beat, and no peer in the summary; `run` is told
 * whether it is to warm up, and gives a number, or `{ value, note }`. `better` says whether `less` or `more` of
 * `unit` is better. Where `warmUp` is set, everyone runs once before it counts. `targets` gets `of(name)`, which gives
 * `{ median, ratio, note }`, and returns `[[sentence, whether it is so]…]`: a target that is missed is shown, and fails nothing.
 *
 * `absent` names contestants that this machine does not have. `summary` gets `of` too, and returns the lines that this comparison has
 * in the table at the head of the page: `{ what, ours, limit?, terms?, met?, cause? }`, with the name of ours, the figure that it may
 * have, that figure in words where a number says too little, the verdict where the median of ours does not decide it, and the
 * reason for missing it.
 */
export async function compare({ runs = fewestRuns, warmUp = false, contestants, ...given }) {
  const results = contestants.map(({ name, peer = false, bound = false }) => ({ name, peer, bound, values: [], note: undefined }));
  for (let round = warmUp ? -1 : 0; round < Math.max(runs, fewestRuns); round++) {
    for (let turn = 0; turn < contestants.length; turn++) {
      // Contestants take turns in coming first.
      const at = (turn + round + contestants.length) % contestants.length;
      const result = await contestants[at].run({ isWarmUp: round < 0 });
      if (round < 0) continue;
      results[at].values.push(result.value ?? result);
      results[at].note = result.note ?? results[at].note;
    }
  }
  report({ ...given, results });
}

/** Prints a comparison of values that were measured elsewhere: `results` are `{ name, peer?, values, note? }`. */
export function report({ title, unit, better = 'less', results, targets = () => [], absent = [], summary = () => [] }) {
  const ours = results.find(({ peer }) => !peer);
  const figures = results.map(({ name, peer = false, values, note }) => {
    const sorted = [...values].sort((a, b) => a - b);
    const figure = { name, peer, median: middle(sorted), least: sorted[0], most: sorted.at(-1), runs: values.length, note };
    if (peer && ours?.values.length === values.length) figure.ratio = ratio(better, values, ours.values);
    return figure;
  });
  const of = (name) => {
    const figure = figures.find((figure) => figure.name === name);
    if (!figure) throw new Error(`nothing called ${name} was measured for "${title}"`);
    return figure;
  };
  const verdicts = targets(of).map(([sentence, isMet]) => ({ sentence, met: Boolean(isMet) }));
  const line = ({ what, ours: name, limit, terms, met, cause }) => {
    const { median } = of(name);
    const peers = results.filter(({ peer, bound }) => peer && !bound);
    const best = peers.map((peer) => ({ peer, median: of(peer.name).median })).sort((a, b) => (better === 'less' ? a.median - b.median : b.median - a.median))[0];
    const own = results.find((result) => result.name === name);
    const isMet = met ?? (limit === undefined ? undefined : better === 'less' ? median <= limit : median >= limit);
    const times = best && (own.values.length === best.peer.values.length ? ratio(better, best.peer.values, own.values) : quotient(better, best.median, median));
    return { what, ours: median, best: best && { name: best.peer.name, median: best.median }, times, limit, terms, met: isMet, cause: isMet === false ? cause : undefined };
  };
  console.log(JSON.stringify({ title, unit, better, figures, targets: verdicts, absent, summary: summary(of).map(line) }));
}

/** Says that something could not be measured here, and why. */
export function leaveOut(what, why) {
  console.error(`  left out: ${what}: ${why}`);
}

// Run by run: what slowed one run down slowed down both.
const ratio = (better, peers, ours) => middle(peers.map((value, run) => quotient(better, value, ours[run])).sort((a, b) => a - b));

// How many times better ours is.
const quotient = (better, peer, ours) => (better === 'less' ? peer / ours : ours / peer);

function middle(sorted) {
  const half = sorted.length >> 1;
  return sorted.length % 2 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}
