// Keeps one processor busy and leaves the server alone: the same load as an attacker at full speed, without the attack.
process.stdout.write('READY\n');
for (;;) Math.sqrt(Math.random());
