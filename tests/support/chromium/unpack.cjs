// Unpack the browser, the libraries it needs and a font beside one another: argument 1 from, 2 to.
process.env.TMPDIR = process.argv[3];
const { inflate } = require("@sparticuz/chromium");
Promise.all(
  ["chromium.br", "al2023.tar.br", "fonts.tar.br"].map((name) => inflate(`${process.argv[2]}/${name}`)),
);
