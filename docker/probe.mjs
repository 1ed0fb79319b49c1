// Exits 0 if Operator, in this container, answers the path given with success: `node docker/probe.mjs /health/live`.
const { OPERATOR_PORT = '8011' } = process.env;
const answer = await fetch(`http://127.0.0.1:${OPERATOR_PORT}${process.argv[2]}`).catch(() => null);
process.exit(answer?.ok ? 0 : 1);
