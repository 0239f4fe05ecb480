// Preloaded into a measured process: writes what it took to the file that BENCH_REPORT names, when it ends.
const { writeFileSync } = require('fs');

process.on('exit', () => {
  const { user, system } = process.cpuUsage();
  const report = {
    // since the process started, Node.js itself included
    wallMs: performance.now(),
    cpuMs: (user + system) / 1000,
    peakMiB: process.resourceUsage().maxRSS / 1024,
    ...globalThis.benchReport,
  };
  writeFileSync(process.env.BENCH_REPORT, JSON.stringify(report));
});
