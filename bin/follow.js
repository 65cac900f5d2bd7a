// Loaded into what bin/run.js launches: when the launcher is killed, even by kill -9, what it launched ends as suddenly,
// so that killing the process one started is killing the platform.
process.channel?.unref();
process.once('disconnect', () => process.kill(process.pid, 'SIGKILL'));
