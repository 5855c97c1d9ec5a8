// The door for programs in CommonJS that are to run on any Node.
async function main() {
  const tallyman = await import('tallyman');
  const { scenario } = await import('../../scenario.js');
  console.log(JSON.stringify(await scenario(tallyman, process.argv[2], process.argv[3])));
}

main();
