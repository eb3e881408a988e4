// Loaded into a process by `--import`: signals make it fail as a defect would.
process.on('SIGUSR2', () => {
  void Promise.reject(new Error('planted\u001b[31m\nrejection'));
});
process.on('SIGALRM', () => {
  throw new Error('planted exception');
});
process.on('SIGPWR', () => process.emitWarning('planted warning'));
process.on('SIGIO', () => console.error('planted line'));
// A command that runs for a moment gets no signal.
if (process.env.PLANTED === 'rejection') {
  const timer = setInterval(() => {
    if (process.listenerCount('unhandledRejection') === 0) return;
    clearInterval(timer);
    void Promise.reject(new Error('planted\u001b[31m\nrejection'));
  }, 5);
}
