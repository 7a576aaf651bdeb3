/** Entry of the binary. Nothing is imported before it is clear what this process is for. */
const argv = process.argv.slice(2);

if (argv[0] === "__probe-plugin") {
  // The registry started this process to try out one plugin. Were it to go on as usual, it would load plugins
  // and so start the next process, without end.
  const { tryPlugin } = await import("./cli/plugin_trial.ts");
  await tryPlugin(argv);
} else if (argv[0] === "__test-cases") {
  // `schnitzel test` started this process; it runs cases and never starts the next one of its kind.
  const { runTestCases } = await import("./cli/test_child.ts");
  await runTestCases();
  process.exit(0);
} else if (process.env.SCHNITZEL_PLUGIN_TRIAL !== undefined) {
  console.error("schnitzel: SCHNITZEL_PLUGIN_TRIAL is set: a plugin on trial does not start schnitzel again");
  process.exitCode = 3;
} else {
  const { dispatch } = await import("./cli/dispatch.ts");
  const { processTerminal } = await import("./cli/terminal.ts");
  const code = await dispatch(argv, processTerminal());
  // What a plugin left running must not keep a finished command alive.
  process.exit(code);
}
