const tallyman = require('tallyman');
const { scenario } = require('../../scenario.js');

scenario(tallyman, process.argv[2], process.argv[3]).then((result) => console.log(JSON.stringify(result)));
