import 'reflect-metadata';

// Whatever the shell that runs the tests has configured is not for them.
for (const name of Object.keys(process.env)) {
  if (
    /^(VX11_|SWITCH_|OPENAI_|TOOL_|API_TOKEN|DATABASE_|ENABLE_AUTH|HOST$|OPERATOR_|DATA_DIR|LOG_|TURN_|ENGINE|RATE_|METRICS|OTEL_|BROWSER_|ARTIFACT_)/.test(
      name,
    )
  ) {
    delete process.env[name];
  }
}
