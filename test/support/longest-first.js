const Sequencer = require('@jest/test-sequencer').default;

/** What runs last keeps one core busy while the others idle, so the longest come first, longest of all at the top. */
const LONGEST = ['cli/profile', 'profiler/profile-failures', 'profiler/profile-sizing', 'scoring/faults', 'profiler/profile'];

/** Without timings of an earlier run, as on a fresh clone, jest knows no more of a file than its size. */
module.exports = class LongestFirst extends Sequencer {
  sort(tests) {
    const rank = ({ path }) => {
      const known = LONGEST.findIndex(name => path.endsWith(`/test/${name}.test.ts`));
      return known < 0 ? LONGEST.length : known;
    };
    return super.sort(tests).sort((a, b) => rank(a) - rank(b));
  }
};
